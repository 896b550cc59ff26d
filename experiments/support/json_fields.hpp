// One list of a struct's fields for writing it as JSON and for reading it back.
//
//     template <class Archive>
//     void fields(Archive& a, Metrics& m) {
//         a.field("top1", m.top1, 0, 100);   // the range is checked when it is read
//         a.field("images", m.images, 1, kMostCount);
//     }
//
//     JsonWriter().object(metrics)                   // {"images": 10000, "top1": 91.5}
//     JsonReader(json, "here").read(metrics)         // throws BadInput for anything but such an object
//
// A field is a number, a text, a JSON object, a map, a list, a struct with fields() of its own, or an optional
// one of these, which is null where there is nothing.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace nibble {

/// What no run can exceed: whole numbers that a double holds.
inline constexpr std::size_t kMostCount = std::size_t{1} << 53;

template <class T, class Archive>
concept HasFields = requires(T& value, Archive& archive) {
    fields(archive, value);
};

class JsonWriter {
  public:
    Json object(auto value) {
        fields(*this, value);
        return std::move(json_);
    }

    void field(const char* key, auto& value, auto... /*range*/) { json_[key] = written(value); }
    /// A field that is left out where the value is empty or 0.
    void may_lack(const char* key, auto& value, auto... /*range*/) {
        if (!is_empty(value)) json_[key] = written(value);
    }
    /// A field that follows from others; `why` says so where another value is read.
    void derived(const char* key, const auto& value, const std::string& /*why*/) { json_[key] = value; }
    std::string where() const { return {}; }

  private:
    template <class T>
    static bool is_empty(const T& value) {
        if constexpr (requires { value.has_value(); })
            return !value;
        else
            return value == T{};
    }
    template <class T>
    static Json written(T& value) {
        if constexpr (HasFields<T, JsonWriter>)
            return JsonWriter().object(value);
        else
            return value;
    }
    template <class T>
    static Json written(std::optional<T>& value) {
        return value ? written(*value) : Json();
    }
    template <class T>
    requires HasFields<T, JsonWriter>
    static Json written(std::vector<T>& list) {
        Json json = Json::array();
        for (T& value : list) json.push_back(written(value));
        return json;
    }

    Json json_ = Json::object();
};

class JsonReader {
  public:
    JsonReader(const Json& object, const std::string& where)
        : object_(object), where_(where), in_(object, where) {}

    /// The whole object: a key that is missing or unknown is refused.
    void read(auto& value) {
        fields(*this, value);
        in_.finish();
    }

    template <class T, class... Range>
    void field(const char* key, T& value, Range... range) {
        if constexpr (HasFields<T, JsonReader>) {
            const Json inner = in_.require<Json>(key);
            JsonReader(inner, inside(key)).read(value);
        } else {
            value = in_.require<T>(key, static_cast<T>(range)...);
        }
    }
    template <class T, class... Range>
    void field(const char* key, std::optional<T>& value, Range... range) {
        if (in_.require<Json>(key).is_null())
            value.reset();
        else
            field(key, value.emplace(), range...);
    }
    template <class T>
    requires HasFields<T, JsonReader>
    void field(const char* key, std::vector<T>& list) {
        list.clear();
        for (const Json& entry : in_.require<std::vector<Json>>(key))
            JsonReader(entry, inside(key)).read(list.emplace_back());
    }
    void field(const char* key, Json& value) {
        value = in_.require<Json>(key);
        if (!value.is_object()) throw BadInput(where_ + ": '" + key + "' is not an object");
    }
    void may_lack(const char* key, auto& value, auto... range) {
        if (object_.contains(key)) field(key, value, range...);
    }
    template <class T, class... Range>
    void may_lack(const char* key, std::optional<T>& value, Range... range) {
        if (object_.contains(key)) field(key, value.emplace(), range...);
    }
    template <class T>
    void derived(const char* key, const T& value, const std::string& why) {
        if (in_.require<T>(key) != value) throw BadInput(where_ + ": its " + key + " is not " + why);
    }
    const std::string& where() const { return where_; }

  private:
    std::string inside(const char* key) const { return where_ + ": " + key; }

    const Json& object_;
    std::string where_;
    Fields in_;
};

}  // namespace nibble
