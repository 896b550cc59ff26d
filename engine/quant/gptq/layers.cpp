#include "engine/quant/gptq/layers.hpp"

#include <utility>

#include "engine/quant/corrections/layerwise.hpp"
#include "engine/quant/gptq/correlations.hpp"
#include "engine/quant/gptq/error_feedback.hpp"
#include "engine/quant/gptq/fit.hpp"

namespace nibble::gptq {
namespace {

/// Weights of one output channel.
std::size_t inputs_of(const Graph& graph, int layer) {
    return count(graph.weight_shape(graph[layer])) / static_cast<std::size_t>(graph[layer].out.c);
}

}  // namespace

void round_layers(const FoldedNetwork& network, std::span<const float> images, Quantization& quantization) {
    const auto& [graph, weights, node_of] = network;
    const std::size_t n = images.size() / graph.input_dims().size();
    run_layerwise(
        graph, weights, quantization, images,
        [&](int layer, const Moments&) { return unchanged(graph, weights, layer); },
        [&](int layer, const Operand& operand) {
            const auto found = quantization.layers.find(graph[layer].name);
            if (found == quantization.layers.end() || inputs_of(graph, layer) > kMostInputs) return;
            round_with_feedback(weights.at(graph[layer].name + ".weight"),
                                correlations_of(graph, layer, n, operand), found->second);
        });
}

void fit_layers(FoldedNetwork& network, std::span<const float> images, const Quantize& quantize,
                Quantization& quantization) {
    const Graph& graph = network.graph;
    const std::size_t n = images.size() / graph.input_dims().size();
    Weights fitted = network.weights;  // apart: the float network runs beside
    BesideFloats beside;
    beside.prepare = [&](int layer, const Operand& operand, const Target& target) {
        Array<float>& weights = fitted.at(graph[layer].name + ".weight");
        QuantizedWeights& quantized = quantization.layers[graph[layer].name];
        if (inputs_of(graph, layer) > kMostInputs) {
            quantized = quantize(layer, weights);
            return;
        }
        const Regression regression = regression_of(graph, layer, n, operand, target);
        weights = fit(weights, regression);
        quantized = quantize(layer, weights);
        round_with_feedback(weights, regression.inputs, quantized);
    };
    beside.decide = [&](int layer, const Moments& sums, const Moments& floats) {
        ChannelMap map = unchanged(graph, network.weights, layer);
        if (!graph[layer].bias) return map;
        map.shift = xt::cast<float>(map.shift - (sums.mean - floats.mean));
        fitted.at(graph[layer].name + ".bias") = map.shift;
        return map;
    };
    run_beside_floats(graph, network.weights, quantization, images, beside);
    network.weights = std::move(fitted);
}

}  // namespace nibble::gptq
