#include "experiments/pipeline/files/network_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "engine/nn/ops/op.hpp"
#include "experiments/pipeline/deployment.hpp"
#include "experiments/pipeline/provenance.hpp"

namespace nibble {

namespace {
/// The wish, else what the file states, else `fallback`.
std::string choose(const std::string& wish, const Metadata& metadata, const std::string& key,
                   const std::string& fallback) {
    if (!wish.empty()) return wish;
    const auto stated = metadata.find(key);
    return stated == metadata.end() ? fallback : stated->second;
}

std::string range(int low, int high) {
    return low == high ? std::to_string(low) : fmt::format("{}-{}", low, high);
}

/// Bits of a layer's weights and input; 32: float.
struct LayerBits {
    int weights = 32, input = 32;
    std::size_t terms = 1;  ///< of the sum that the weights are, 1: none
};

std::size_t terms_of(const QuantizedWeights& weights) {
    std::size_t terms = 1;
    for (std::size_t e = 0; e < weights.extra.size(); ++e)
        if (!weights.extra[e].outputs.empty()) terms = e + 2;
    return terms;
}

std::string text_of(const std::vector<LayerBits>& layers) {
    const bool floats = std::ranges::all_of(layers, [](const LayerBits& l) { return l.input == 32; });
    const auto is_end = [&](const LayerBits& l) { return l.weights == 8 && l.input == (floats ? 32 : 8); };
    const bool same_ends = is_end(layers.front()) && is_end(layers.back());
    auto inner = layers;
    if (same_ends && layers.size() > 2) inner.assign(layers.begin() + 1, layers.end() - 1);
    const auto [w_low, w_high] = std::ranges::minmax(inner, {}, &LayerBits::weights);
    const auto [a_low, a_high] = std::ranges::minmax(inner, {}, &LayerBits::input);
    const std::size_t terms = std::ranges::max(layers, {}, &LayerBits::terms).terms;
    std::string text = "w" + range(w_low.weights, w_high.weights);
    if (terms > 1) text += fmt::format("x{}", terms);
    if (!floats) text += "a" + range(a_low.input, a_high.input);
    return text + (same_ends && (w_low.weights < 8 || a_low.input < 8) ? "e8" : "");
}

/// Behind the name of an operation.
std::string text_of(const Clamp& clamp) {
    if (!clamp.bounds()) return "";
    if (clamp == kRelu) return ", ReLU";
    return fmt::format(", clamp {} to {}", clamp.low, clamp.high);
}

/// "s4-pc"; of sums with how many channels have further terms, "s4x2-pc 12/64".
std::string text_of(const QuantizedWeights& weights) {
    std::string text = to_string(weights.scheme);
    for (const ExtraTerm& term : weights.extra)
        text += fmt::format(" {}/{}", term.outputs.size(), weights.outputs());
    return text;
}

/// Codes and scales run as integers if all layers have them.
NetworkFile open_quantized(OpenedNetwork network) {
    NetworkFile file;
    file.model = network.model;
    file.metadata = network.file.metadata;
    file.weights_digest = digest_of(network.file.weights);
    const PostTrained quantized{{std::move(network.graph), std::move(network.file.weights), {}},
                                std::move(*network.quantization)};
    Deployment deployment = deploy(quantized, bits_of(quantized));
    file.integers = std::move(deployment.integers);
    file.executed_as = deployment.executed_as;
    file.classifier = std::move(deployment.classifier);
    return file;
}

NetworkFile open_for_floats(OpenedNetwork network, const NetworkWish& wish) {
    if (network.quantization) return open_quantized(std::move(network));
    NetworkFile file;
    file.model = network.model;
    file.metadata = network.file.metadata;
    const Numerics numerics = numerics_from(choose(wish.numerics, file.metadata, "numerics", "f32"));
    file.weights_digest = digest_of(network.file.weights);
    file.executed_as = executed_as(to_string(numerics));
    file.classifier = make_classifier(network.graph, network.file.weights, numerics);
    return file;
}
}  // namespace

NetworkFile open_integers(const Safetensors& stored, const std::string& path, const NetworkWish& wish) {
    NetworkFile file;
    if (!wish.numerics.empty()) throw BadInput(path + ": runs as integers; --numerics is for float weights");
    try {
        file.integers = integer_graph_from(stored);
    } catch (const Error& e) {
        throw BadInput(path + ": " + e.what());
    }
    file.metadata = stored.metadata;
    file.model = choose("", file.metadata, "model", "");
    if (!wish.model.empty() && name_of_model(wish.model) != file.model)
        throw BadInput(path, "--model", file.model.empty() ? "none: the file is enough" : file.model,
                       wish.model);
    file.executed_as = executed_as(bits_of(*file.integers));
    file.weights_digest = weights_digest_of(stored);
    file.classifier = make_classifier(*file.integers);
    return file;
}

NetworkFile open_network(const std::string& path, const NetworkWish& wish) {
    NetworkFile file;
    if (path.empty() || is_onnx(path)) {
        file = open_for_floats(open_floats(path, wish), wish);
    } else {
        Safetensors stored = read_tensors(path);
        file = is_integer_network(stored) ? open_integers(stored, path, wish)
                                          : open_for_floats(open_floats(std::move(stored), path, wish), wish);
    }
    file.normalization = normalization_from(file.metadata, path.empty() ? wish.model : path);
    return file;
}

std::string weights_digest_of(const Safetensors& integers) {
    Digest digest;
    for (const auto& [name, tensor] : integers.tensors)
        digest.add(name).add(std::span<const std::byte>(tensor.bytes));
    return digest.add(integers.metadata.at("graph")).hex();
}

std::string bits_of(const IntegerGraph& graph) {
    std::vector<LayerBits> layers;
    for (const IntegerStep& step : graph.steps)
        if (step.kind == IntegerStep::Kind::gemm)
            layers.push_back({step.weights.scheme.bits, graph.values[step.inputs[0]].quantizer->scheme.bits,
                              terms_of(step.weights)});
    return text_of(layers);
}

std::string bits_of(const PostTrained& network) {
    std::vector<LayerBits> layers;
    for (const int i : network.network.graph.weighted_layers()) {
        LayerBits& bits = layers.emplace_back();
        const auto& [weights, edges] = network.quantization;
        if (const auto found = weights.find(network.network.graph[i].name); found != weights.end()) {
            bits.weights = found->second.scheme.bits;
            bits.terms = terms_of(found->second);
        }
        if (const auto found = edges.find({i, 0}); found != edges.end())
            bits.input = found->second.scheme.bits;
    }
    return text_of(layers);
}

Json layers_of(const IntegerGraph& graph) {
    Json layers = Json::array();
    for (const IntegerStep& step : graph.steps) {
        const bool gemm = step.kind == IntegerStep::Kind::gemm;
        const std::size_t bytes = weight_bytes(graph, step);
        std::string outputs;
        for (int v : step.outputs) outputs += (outputs.empty() ? "" : "+") + storage_name(graph.values[v]);
        layers.push_back(
            {{"layer", step.node.name},
             {"operation", operation_name(step) + text_of(step.node.clamp) +
                               (is_island(graph, step) ? ", in floats" : "")},
             {"input", storage_name(graph.values[step.inputs[0]])},
             {"weights", gemm ? Json(text_of(step.weights)) : Json()},
             {"residual", step.residual >= 0 ? Json(storage_name(graph.values[step.residual])) : Json()},
             {"output", outputs},
             {"bytes", bytes > 0 ? Json(bytes) : Json()}});
    }
    return layers;
}

Json layers_of(const PostTrained& network) {
    Json layers = Json::array();
    const Graph& graph = network.network.graph;
    for (const int i : graph.weighted_layers()) {
        const auto weights = network.quantization.layers.find(graph[i].name);
        const auto input = network.quantization.edges.find({i, 0});
        const bool coded = weights != network.quantization.layers.end();
        layers.push_back(
            {{"layer", graph[i].name},
             {"operation", std::string(operation(graph[i].op).name) + ", in floats"},
             {"input", input == network.quantization.edges.end() ? "f32" : to_string(input->second.scheme)},
             {"weights", coded ? Json(text_of(weights->second)) : Json()},
             {"residual", Json()},
             {"output", "f32"},
             {"bytes", coded ? weights->second.bytes() : 4 * count(graph.weight_shape(graph[i]))}});
    }
    return layers;
}

}  // namespace nibble
