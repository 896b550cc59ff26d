#include "engine/quant/corrections/bias_correction.hpp"

#include <cmath>
#include <map>
#include <vector>

#include "engine/core/reduce.hpp"
#include "engine/quant/corrections/layerwise.hpp"

namespace nibble {

std::vector<double> correct_biases(std::span<const float> images, FoldedNetwork& folded,
                                   const Quantization& quantization) {
    const Graph& graph = folded.graph;
    std::map<int, Moments> floats;  // of W x, which the bias shifts in both networks alike
    run_layerwise(graph, folded.weights, {}, images, [&](int layer, const Moments& sums) {
        floats[layer] = sums;
        return unchanged(graph, folded.weights, layer);
    });
    std::vector<double> deviations;
    std::map<int, ChannelMap> corrected;
    run_layerwise(graph, folded.weights, quantization, images, [&](int layer, const Moments& sums) {
        const Moments& real = floats.at(layer);
        const double variance = ordered_sum(real.variance);
        deviations.push_back(variance > 0 ? std::sqrt(ordered_sum(sums.variance) / variance) : 1.0);
        ChannelMap map = unchanged(graph, folded.weights, layer);
        if (!graph[layer].bias) return map;
        map.shift = xt::cast<float>(map.shift - (sums.mean - real.mean));
        return corrected[layer] = map;
    });
    for (const auto& [layer, map] : corrected) folded.weights.at(graph[layer].name + ".bias") = map.shift;
    return deviations;
}

}  // namespace nibble
