#include "engine/quant/bias_correction.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "engine/quant/layerwise.hpp"

namespace nibble {

void correct_biases(std::span<const float> images, FoldedNetwork& folded, const Quantization& quantization) {
    const Graph& graph = folded.graph;
    std::map<int, std::vector<double>> means;  // of W x, which the bias shifts in both networks alike
    run_layerwise(graph, folded.weights, {}, images, [&](int layer, const Moments& sums) {
        means[layer] = sums.mean;
        return unchanged(graph, folded.weights, layer);
    });
    std::map<int, ChannelMap> corrected;
    run_layerwise(graph, folded.weights, quantization, images, [&](int layer, const Moments& sums) {
        ChannelMap map = unchanged(graph, folded.weights, layer);
        if (!graph[layer].bias) return map;
        for (std::size_t c = 0; c < map.shift.size(); ++c)
            map.shift[c] =
                static_cast<float>(static_cast<double>(map.shift[c]) - (sums.mean[c] - means[layer][c]));
        return corrected[layer] = map;
    });
    for (const auto& [layer, map] : corrected)
        std::ranges::copy(map.shift, folded.weights.at(graph[layer].name + ".bias").begin());
}

}  // namespace nibble
