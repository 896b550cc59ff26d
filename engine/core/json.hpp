// JSON helpers: files, strict objects, canonical digests.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/digest.hpp"

namespace nibble {

using Json = nlohmann::json;  // objects are sorted by key: dump() is canonical

/// How much JSON a file from outside may hold: parsed, it is many times larger than its text.
struct JsonLimits {
    int depth;           ///< 0: a number or text alone
    std::size_t values;  ///< keys and the ends of objects and lists count, too
};

/// Parses text that may be hostile. Throws BadInput, beginning with `where`, for what is no JSON, two equal
/// keys in an object (the library would keep the last), and more than the limits allow.
Json parse_json(std::string_view text, const std::string& where, JsonLimits limits);

/// Deeper values than these would overflow the stack where the library copies them.
inline constexpr JsonLimits kFileLimits{.depth = 64, .values = 10'000'000};

/// Reads and parses a file, within kFileLimits. Throws as read_file and parse_json.
Json read_json(const std::filesystem::path& path);

/// Writes `value` indented by two, as write_file (file.hpp).
void write_json(const std::filesystem::path& path, const Json& value);

/// SHA-256 of the compact dump (keys sorted). Taken by exact type: a string is digested as its own bytes.
template <std::same_as<Json> T>
std::string digest_of(const T& value) {
    return digest_of(std::string_view(value.dump()));
}

/// Reads the fields of a JSON object and refuses what nobody asked for, and whole numbers that do not fit.
///
///     Fields f(json, "config.json");
///     c.epochs = f.get("epochs", 60);   // with default
///     c.model = f.require<std::string>("model");
///     f.finish();                       // throws BadInput naming the first unknown key
class Fields {
  public:
    Fields(const Json& object, std::string where);

    template <class T>
    T get(const std::string& key, T fallback) {
        seen_.insert(key);
        return object_.contains(key) ? convert<T>(key) : fallback;
    }
    template <class T>
    T require(const std::string& key) {
        seen_.insert(key);
        if (!object_.contains(key)) missing(key);
        return convert<T>(key);
    }
    /// The same for a number in [low, high].
    template <class T>
    T require(const std::string& key, T low, T high) {
        const T value = require<T>(key);
        if (!(value >= low && value <= high)) wrong_type(key);
        return value;
    }
    void finish() const;

  private:
    /// The library would cut 2.5 to 2, wrap -1 around and take true for 1.
    template <class T>
    static bool fits(const Json& value) {
        if constexpr (std::floating_point<T>) {
            return value.is_number();
        } else if constexpr (std::integral<T> && !std::same_as<T, bool>) {
            return value.is_number_unsigned()  ? std::in_range<T>(value.get<std::uint64_t>())
                   : value.is_number_integer() ? std::in_range<T>(value.get<std::int64_t>())
                                               : false;
        } else if constexpr (std::same_as<T, std::vector<int>>) {
            return value.is_array() && std::all_of(value.begin(), value.end(), fits<int>);
        }
        return true;
    }
    template <class T>
    T convert(const std::string& key) const {
        const Json& value = object_.at(key);
        if (!fits<T>(value)) wrong_type(key);
        try {
            return value.get<T>();
        } catch (const nlohmann::json::exception&) {
            wrong_type(key);
        }
    }
    [[noreturn]] void missing(const std::string& key) const;
    [[noreturn]] void wrong_type(const std::string& key) const;

    const Json& object_;
    std::string where_;
    std::set<std::string> seen_;
};

}  // namespace nibble
