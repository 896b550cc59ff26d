#include "engine/quant/gptq/layers.hpp"

#include "engine/quant/corrections/layerwise.hpp"
#include "engine/quant/gptq/correlations.hpp"
#include "engine/quant/gptq/error_feedback.hpp"

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

}  // namespace nibble::gptq
