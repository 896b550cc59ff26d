#include "experiments/harness/key.hpp"

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace nibble {

std::string KeyParts::key() const {
    return digest_of(to_json(*this));
}

std::string KeyParts::difference(const KeyParts& other) const {
    std::string names;
    const auto compare = [&](const char* name, const std::string& ours, const std::string& theirs) {
        if (ours != theirs) names += (names.empty() ? "" : ", ") + std::string(name);
    };
    compare("config", config, other.config);
    compare("data", data, other.data);
    compare("parent", parent, other.parent);
    compare("numerics", numerics, other.numerics);
    return names;
}

Json to_json(const KeyParts& parts) {
    return {{"config", parts.config},
            {"data", parts.data},
            {"parent", parts.parent},
            {"numerics", parts.numerics}};
}

KeyParts key_parts_from(const Json& json, const std::string& where) {
    Fields f(json, where);
    KeyParts parts;
    parts.config = f.require<std::string>("config");
    parts.data = f.require<std::string>("data");
    parts.parent = f.require<std::string>("parent");
    parts.numerics = f.require<std::string>("numerics");
    f.finish();
    return parts;
}

std::string numerics_digest(const std::filesystem::path& golden, const TrainConfig& config) {
    const std::filesystem::path path = golden / "training.json";
    const Json trajectories = read_json(path);
    Json used = Json::object();
    const auto use = [&](const std::string& name) {
        if (!trajectories.is_object() || !trajectories.contains(name) || !trajectories.at(name).is_string())
            throw BadInput(path.string() + ": no digest of the golden trajectory '" + name + "'");
        used[name] = trajectories.at(name);
    };
    use(to_string(config.numerics));
    if (config.quantization) use("aqt");
    return digest_of(Json{{"training", used}});
}

}  // namespace nibble
