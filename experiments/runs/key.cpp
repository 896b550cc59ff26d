#include "experiments/runs/key.hpp"

#include <algorithm>
#include <iterator>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/models/catalog.hpp"
#include "engine/onnx/network.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "experiments/pipeline/files/model.hpp"
#include "experiments/runs/cell.hpp"
#include "experiments/support/json_fields.hpp"

namespace nibble {

std::string KeyParts::key() const {
    return digest_of(JsonWriter().object(*this));
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
    compare("network", network, other.network);
    return names;
}

namespace {
/// The entries of these names in a file of golden digests.
Json entries_of(const std::filesystem::path& path, const std::vector<std::string>& names) {
    const Json golden = read_json(path);
    Json used = Json::object();
    for (const std::string& name : names) {
        if (!golden.is_object() || !golden.contains(name) || !golden.at(name).is_string())
            throw BadInput(path.string() + ": no digest of the golden entry '" + name + "'");
        used[name] = golden.at(name);
    }
    return used;
}

Json numerics_of(const std::filesystem::path& golden, const TrainConfig& config) {
    std::vector<std::string> names{to_string(config.numerics)};
    if (config.quantization) std::ranges::copy(config.quantization->golden(), std::back_inserter(names));
    return {{"training", entries_of(golden / "training.json", names)}};
}

Json numerics_of(const std::filesystem::path& golden, const PostTrainingConfig& config) {
    const auto method = post_training_method(config.family, config.method);
    return {{"post_training", entries_of(golden / "post_training.json", method->golden())}};
}
}  // namespace

std::optional<std::string> network_digest(const RunConfig& config) {
    const std::string source = parent_of(config);
    if (!is_onnx(source))
        return make_model(std::visit([](const auto& c) { return c.model; }, config)).digest();
    if (!is_there(file_of(source))) return std::nullopt;
    return read_onnx(file_of(source)).graph.digest();
}

std::string numerics_digest(const std::filesystem::path& golden, const RunConfig& config) {
    return digest_of(std::visit([&](const auto& c) { return numerics_of(golden, c); }, config));
}

}  // namespace nibble
