#include "engine/quant/gptq/layers.hpp"

#include <utility>

#include "engine/core/parallel.hpp"
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

/// Of what a layer reads, by channel.
std::vector<Histogram> histograms_of(std::size_t channels, std::size_t images, const Operand& operand) {
    std::vector<std::vector<float>> values(images);
    parallel_for(images, [&](std::size_t image) { values[image] = operand(image); });
    std::vector<Histogram> histograms(channels);
    parallel_for(channels, [&](std::size_t c) {
        std::vector<float> own;
        for (const std::vector<float>& x : values) {
            own.clear();
            for (std::size_t i = c; i < x.size(); i += channels) own.push_back(x[i]);
            histograms[c].add(own);
        }
    });
    return histograms;
}

/// W[o, c] / m_c.
void divide_by(const std::vector<float>& multipliers, const Node& node, Array<float>& weights) {
    const std::size_t outputs = weights.shape()[0],
                      groups = static_cast<std::size_t>(node.op == Op::conv ? node.groups : 1),
                      channels = multipliers.size() / groups, each = weights.size() / outputs / channels;
    for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t i = 0; i < each; ++i)
                weights.data()[(o * channels + c) * each + i] /=
                    multipliers[o / (outputs / groups) * channels + c];
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
                Quantization& quantization, const QuantizeChannels& channels) {
    const Graph& graph = network.graph;
    const int first = graph.weighted_layers().front();
    const std::size_t n = images.size() / graph.input_dims().size();
    Weights fitted = network.weights;  // apart: the float network runs beside
    BesideFloats beside;
    beside.prepare = [&](int layer, const Operand& operand, const Target& target) {
        Array<float>& weights = fitted.at(graph[layer].name + ".weight");
        const auto edge = quantization.edges.find({layer, 0});
        if (channels && layer != first && edge != quantization.edges.end()) {
            const Scheme scheme = edge->second.scheme;
            quantization.edges.erase(edge);  // what the layer reads is not yet rounded
            const auto c = static_cast<std::size_t>(graph[graph[layer].inputs[0]].out.c);
            const Quantizer q = channels(scheme, histograms_of(c, n, operand));
            quantization.edges.emplace(GraphEdge{layer, 0}, q);
            divide_by(q.multipliers, graph[layer], weights);
        }
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
