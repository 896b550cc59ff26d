#include "engine/core/json.hpp"

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"

namespace nibble {

Json read_json(const std::filesystem::path& path) {
    return parse_json(read_file(path), path.string(), kFileLimits);
}

Json parse_json(std::string_view text, const std::string& where, JsonLimits limits) {
    if (const std::size_t nul = text.find('\0'); nul != text.npos)  // the library would take it for the end
        throw BadInput(where + " is not valid JSON near its byte " + std::to_string(nul + 1));
    std::vector<std::set<std::string>> keys;  // of each object we are in
    std::size_t values = 0;
    const auto inspect = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > limits.depth || ++values > limits.values)
            throw BadInput(where + " is nested too deeply or has too many values");
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
            throw BadInput(where + " has two entries named " + parsed.dump());
        return true;
    };
    try {
        return Json::parse(text, inspect);
    } catch (const Json::parse_error& e) {
        throw BadInput(where + " is not valid JSON near its byte " + std::to_string(e.byte));
    } catch (const Json::exception&) {
        throw BadInput(where + " holds a number too large for a double");
    }
}

void write_json(const std::filesystem::path& path, const Json& value) {
    write_file(path, value.dump(2) + "\n");
}

Fields::Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throw BadInput(where_ + ": expected a JSON object, found " + object.type_name());
}

void Fields::finish() const {
    for (const auto& [key, value] : object_.items())
        if (!seen_.contains(key)) {
            std::string known;
            for (const std::string& k : seen_) known += (known.empty() ? "" : ", ") + k;
            throw BadInput(where_ + ": unknown key '" + key + "' (known: " + known + ")");
        }
}

void Fields::missing(const std::string& key) const {
    throw BadInput(where_ + ": key '" + key + "' is missing");
}

void Fields::wrong_type(const std::string& key) const {
    constexpr std::size_t kShown = 60;
    std::string found = object_.at(key).dump();
    if (found.size() > kShown) found = found.substr(0, kShown) + "...";
    throw BadInput(where_ + ": key '" + key + "' has an unexpected type or range: " + found);
}

}  // namespace nibble
