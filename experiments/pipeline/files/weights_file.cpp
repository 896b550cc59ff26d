#include "experiments/pipeline/files/weights_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <regex>
#include <set>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace nibble {

std::vector<float> number_list(const std::string& text, const std::string& where) {
    std::vector<float> values;
    const char* at = text.data();
    const char* end = at + text.size();
    for (;;) {
        while (at != end && *at == ' ') ++at;
        float value = 0;
        const auto [stop, error] = std::from_chars(at, end, value);
        if (error != std::errc())
            throw BadInput(where, "a list of numbers", "like 0.485,0.456,0.406", "'" + text + "'");
        values.push_back(value);
        at = stop;
        if (at == end) return values;
        if (*at++ != ',')
            throw BadInput(where, "a list of numbers", "like 0.485,0.456,0.406", "'" + text + "'");
    }
}

namespace {
bool is_counter(const std::string& name) {
    return name.ends_with(".num_batches_tracked");
}

/// What torch.nn.DataParallel, torch.compile and training scripts put before every name, else nothing.
std::string wrappers_of(const std::map<std::string, StoredTensor>& tensors) {
    std::string wrappers;
    for (bool found = !tensors.empty(); found;) {
        found = false;
        for (const char* wrapper : {"module.", "_orig_mod.", "model.", "net."}) {
            const std::string longer = wrappers + wrapper;
            // In the order of names, all others lie between the first and the last.
            if (!tensors.begin()->first.starts_with(longer) || !tensors.rbegin()->first.starts_with(longer))
                continue;
            wrappers = longer;
            found = true;
        }
    }
    return wrappers;
}
}  // namespace

StatedPreprocessing preprocessing_from(const Metadata& metadata, const std::string& where) {
    constexpr JsonLimits kLimits{.depth = 2, .values = 1000};
    StatedPreprocessing stated;
    if (const auto text = metadata.find("preprocessing"); text != metadata.end()) {
        const std::string place = where + ": preprocessing";
        stated = preprocessing_from(parse_json(text->second, place, kLimits), place);
    }
    const auto mean = metadata.find("normalize_mean"), deviation = metadata.find("normalize_std");
    if (mean == metadata.end() && deviation == metadata.end()) return stated;
    if (mean == metadata.end() || deviation == metadata.end())
        throw BadInput(where + ": the metadata holds only one of normalize_mean and normalize_std");
    StatedPreprocessing older;
    older.scaling = {number_list(mean->second, where + ": normalize_mean"),
                     number_list(deviation->second, where + ": normalize_std")};
    return stated.over(older);
}

std::optional<Normalization> normalization_from(const Metadata& metadata, const std::string& where) {
    const StatedPreprocessing stated = preprocessing_from(metadata, where);
    if (stated.scaling) return stated.normalization({});
    if (stated.channels) throw BadInput(where + ": preprocessing: states channels without mean and std");
    return std::nullopt;
}

std::optional<Normalization> WeightsFile::normalization(const std::string& where) const {
    return normalization_from(metadata, where);
}

WeightsFile read_weights(const std::filesystem::path& path) {
    return weights_from(read_tensors(path), path.string());
}

WeightsFile weights_from(Safetensors stored, const std::string& where) {
    WeightsFile file;
    file.metadata = std::move(stored.metadata);
    const std::size_t wrappers = wrappers_of(stored.tensors).size();
    for (const auto& [name, tensor] : stored.tensors) {
        if (is_counter(name)) continue;
        try {
            file.weights.emplace(name.substr(wrappers), tensor.to_f32());
        } catch (const BadInput& e) {
            throw BadInput(where + ": " + name + ": " + e.what());
        }
    }
    return file;
}

void check(const WeightsFile& file, const Graph& graph, const std::string& where) {
    try {
        graph.check(file.weights);
    } catch (const BadInput& e) {
        throw BadInput(where + ": " + e.what());
    }
    const auto stated = file.metadata.find("bn_eps");
    if (stated == file.metadata.end()) return;
    const float eps = number_list(stated->second, where + ": bn_eps").front();
    for (const Node& node : graph.nodes())
        if (node.op == Op::batch_norm && node.eps != eps)
            throw BadInput(where, "bn_eps", fmt::format("{}", node.eps), stated->second);
}

namespace {

/// What torchvision's files have besides or otherwise than its networks: classifiers that only training uses, and
/// DenseNet's names of before 2018, "denselayer1.norm.1.weight" for "denselayer1.norm1.weight". Names that the
/// network knows stay.
void adopt_torchvision_names(Weights& weights, const Graph& graph) {
    static const std::regex auxiliary("(AuxLogits|aux1|aux2)\\..*"),
        dotted("(.*\\.denselayer[0-9]+\\.(?:norm|conv))\\.([12]\\..*)");
    std::set<std::string> known;
    for (const auto& parameter : graph.parameters()) known.insert(parameter.name);
    Weights adopted;
    for (auto& [name, values] : weights) {
        if (known.contains(name))
            adopted.emplace(name, std::move(values));
        else if (!std::regex_match(name, auxiliary))
            adopted.emplace(std::regex_replace(name, dotted, "$1$2"), std::move(values));
    }
    weights = std::move(adopted);
}

}  // namespace

void fit(WeightsFile& file, const Graph& graph, const std::string& where) {
    adopt_torchvision_names(file.weights, graph);
    const std::string layer = graph[graph.weighted_layers().back()].name,
                      other = layer == "fc" ? "linear" : "fc";
    if (layer == "fc" || layer == "linear")
        for (const char* parameter : {".weight", ".bias"})
            if (auto found = file.weights.extract(other + parameter); !found.empty()) {
                found.key() = layer + parameter;
                file.weights.insert(std::move(found));
            }
    check(file, graph, where);
}

void write_weights(const std::filesystem::path& path, const Weights& weights, const Metadata& metadata) {
    Safetensors contents;
    contents.metadata = metadata;
    for (const auto& [name, values] : weights) contents.tensors.emplace(name, StoredTensor::from(values));
    write_safetensors(path, contents);
}

Metadata to_metadata(const Normalization& normalization, const std::optional<Geometry>& geometry) {
    const bool plain = normalization == Normalization{normalization.mean, normalization.std};
    Metadata metadata;
    if (plain)
        metadata = {{"normalize_mean", fmt::format("{}", fmt::join(normalization.mean, ","))},
                    {"normalize_std", fmt::format("{}", fmt::join(normalization.std, ","))}};
    if (plain && !geometry) return metadata;
    Json all = to_json(normalization);
    if (geometry) all.update(to_json(*geometry));
    metadata["preprocessing"] = all.dump();
    return metadata;
}

}  // namespace nibble
