#include "experiments/pipeline/network_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
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

/// "x2" where weights of some channels are sums of two tensors, "" where none are.
std::string terms_of(const IntegerGraph& graph) {
    std::size_t terms = 1;
    for (const IntegerStep& step : graph.steps)
        for (std::size_t e = 0; e < step.weights.extra.size(); ++e)
            if (!step.weights.extra[e].outputs.empty()) terms = std::max(terms, e + 2);
    return terms > 1 ? fmt::format("x{}", terms) : "";
}

/// "s4-pc"; of sums with how many channels have further terms, "s4x2-pc 12/64".
/// Behind the name of an operation.
std::string text_of(const Clamp& clamp) {
    if (!clamp.bounds()) return "";
    if (clamp == kRelu) return ", ReLU";
    return fmt::format(", clamp {} to {}", clamp.low, clamp.high);
}

std::string text_of(const QuantizedWeights& weights) {
    std::string text = to_string(weights.scheme);
    for (const ExtraTerm& term : weights.extra)
        text += fmt::format(" {}/{}", term.outputs.size(), weights.outputs());
    return text;
}

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

/// Codes and scales of an ONNX file run as integers if all layers have them.
NetworkFile open_quantized(OpenedNetwork network) {
    NetworkFile file;
    file.model = network.model;
    file.metadata = network.file.metadata;
    file.weights_digest = digest_of(network.file.weights);
    const PostTrained quantized{{std::move(network.graph), std::move(network.file.weights), {}},
                                std::move(*network.quantization)};
    Deployment deployment = deploy(quantized, "qdq");
    file.integers = std::move(deployment.integers);
    file.executed_as = file.integers ? executed_as(bits_of(*file.integers)) : deployment.executed_as;
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
    std::vector<std::pair<int, int>> layers;  // bits of weights and activations
    for (const IntegerStep& step : graph.steps)
        if (step.kind == IntegerStep::Kind::product)
            layers.emplace_back(step.weights.scheme.bits,
                                graph.values[step.inputs[0]].quantizer->scheme.bits);
    const std::pair ends{8, 8};
    const bool same_ends = layers.front() == ends && layers.back() == ends;
    auto inner = layers;
    if (same_ends && layers.size() > 2) inner.assign(layers.begin() + 1, layers.end() - 1);
    int w_low = 8, w_high = 2, a_low = 8, a_high = 2;
    for (const auto& [w, a] : inner) {
        w_low = std::min(w_low, w), w_high = std::max(w_high, w);
        a_low = std::min(a_low, a), a_high = std::max(a_high, a);
    }
    const bool ends_differ = same_ends && (w_low < 8 || a_low < 8);
    return "w" + range(w_low, w_high) + terms_of(graph) + "a" + range(a_low, a_high) +
           (ends_differ ? "e8" : "");
}

Json layers_of(const IntegerGraph& graph) {
    Json layers = Json::array();
    for (const IntegerStep& step : graph.steps) {
        const bool product = step.kind == IntegerStep::Kind::product;
        const std::size_t bytes = weight_bytes(graph, step);
        std::string outputs;
        for (int v : step.outputs) outputs += (outputs.empty() ? "" : "+") + storage_name(graph.values[v]);
        layers.push_back(
            {{"layer", step.node.name},
             {"operation", operation_name(step) + text_of(step.node.clamp) +
                               (is_island(graph, step) ? ", in floats" : "")},
             {"input", storage_name(graph.values[step.inputs[0]])},
             {"weights", product ? Json(text_of(step.weights)) : Json()},
             {"residual", step.residual >= 0 ? Json(storage_name(graph.values[step.residual])) : Json()},
             {"output", outputs},
             {"bytes", bytes > 0 ? Json(bytes) : Json()}});
    }
    return layers;
}

}  // namespace nibble
