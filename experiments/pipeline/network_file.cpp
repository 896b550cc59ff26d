#include "experiments/pipeline/network_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "engine/models/catalog.hpp"
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
    if (!wish.model.empty() && wish.model != file.model)
        throw BadInput(path, "--model", file.model.empty() ? "none: the file is enough" : file.model,
                       wish.model);
    file.executed_as = executed_as(bits_of(*file.integers));
    file.weights_digest = weights_digest_of(stored);
    file.classifier = make_classifier(*file.integers);
    return file;
}

/// Numbers from 1 to 9999 with an x between each and the next, as in "32x32x3".
template <std::size_t count>
std::array<int, count> numbers_in(const Metadata& metadata, const std::string& key, const std::string& path) {
    const std::string& text = metadata.at(key);
    std::array<int, count> numbers{};
    const char* at = text.data();
    const char* end = at + text.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0 && (at == end || *at++ != 'x')) break;
        at = std::from_chars(at, end, numbers[i]).ptr;
    }
    if (at != end || std::ranges::any_of(numbers, [](int n) { return n < 1 || n > 9999; }))
        throw BadInput(path, key, std::to_string(count) + " numbers from 1 to 9999, joined by x", text);
    return numbers;
}

/// The network of float weights: for images and classes as wished, else as stated, else as usual.
Graph graph_of(const std::string& model, const Metadata& metadata, const std::string& path,
               const NetworkWish& wish) {
    const Graph usual = make_model(model);
    int classes = usual.classes();
    Dims input = usual.input_dims();
    if (metadata.contains("classes")) classes = numbers_in<1>(metadata, "classes", path)[0];
    if (metadata.contains("input")) {
        const auto [h, w, c] = numbers_in<3>(metadata, "input", path);
        input = {h, w, c};
    }
    return make_model(model, wish.classes != 0 ? wish.classes : classes,
                      wish.input.h != 0 ? wish.input : input);
}

NetworkFile open_floats(Safetensors stored, const std::string& path, const NetworkWish& wish) {
    const WeightsFile weights = weights_from(std::move(stored), path);
    NetworkFile file;
    file.metadata = weights.metadata;
    file.model = choose(wish.model, file.metadata, "model", "");
    if (file.model.empty()) throw BadInput(path + ": does not say which network it is for; give --model");
    const Numerics numerics = numerics_from(choose(wish.numerics, file.metadata, "numerics", "f32"));
    const Graph graph = graph_of(file.model, file.metadata, path, wish);
    check(weights, graph, path);
    file.weights_digest = digest_of(weights.weights);
    file.executed_as = executed_as(to_string(numerics));
    file.classifier = make_classifier(graph, weights.weights, numerics);
    return file;
}
}  // namespace

NetworkFile open_network(const std::string& path, const NetworkWish& wish) {
    Safetensors stored = read_safetensors(path);
    NetworkFile file = is_integer_network(stored) ? open_integers(stored, path, wish)
                                                  : open_floats(std::move(stored), path, wish);
    file.normalization = normalization_from(file.metadata, path);
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
