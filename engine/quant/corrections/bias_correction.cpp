#include "engine/quant/corrections/bias_correction.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "engine/quant/corrections/layerwise.hpp"

namespace nibble {

namespace {
double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}
}  // namespace

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
        const double variance = sum(real.variance);
        deviations.push_back(variance > 0 ? std::sqrt(sum(sums.variance) / variance) : 1.0);
        ChannelMap map = unchanged(graph, folded.weights, layer);
        if (!graph[layer].bias) return map;
        for (std::size_t c = 0; c < map.shift.size(); ++c)
            map.shift[c] =
                static_cast<float>(static_cast<double>(map.shift[c]) - (sums.mean[c] - real.mean[c]));
        return corrected[layer] = map;
    });
    for (const auto& [layer, map] : corrected)
        std::ranges::copy(map.shift, folded.weights.at(graph[layer].name + ".bias").begin());
    return deviations;
}

}  // namespace nibble
