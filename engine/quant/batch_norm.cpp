#include "engine/quant/batch_norm.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/quant/layerwise.hpp"

namespace nibble {
namespace {

/// Multiplies each output channel's values.
void scale_channels(QuantizedWeights& w, const std::vector<float>& factors) {
    if (w.scheme.granularity == Granularity::tensor) {
        w.scheme.granularity = Granularity::channel;
        w.steps.resize(w.outputs(), w.steps.front());
    }
    for (std::size_t o = 0; o < w.outputs(); ++o) w.steps[o] *= factors[o];
    for (ExtraTerm& term : w.extra)
        for (std::size_t j = 0; j < term.outputs.size(); ++j) term.steps[j] *= factors[term.outputs[j]];
}

void scale_channels(Array<float>& weights, const std::vector<float>& factors) {
    const std::size_t size = weights.size() / factors.size();
    for (std::size_t i = 0; i < weights.size(); ++i) weights.data()[i] *= factors[i / size];
}

class Norms {
  public:
    Norms(const Graph& graph, const Weights& weights, const FoldedNetwork& folded) : weights_(weights) {
        for (int i = 0; i < graph.size(); ++i)
            if (graph[i].op == Op::batch_norm) norm_of_[folded.node_of[i]] = &graph[i];
    }

    bool contains(int layer) const { return norm_of_.contains(layer); }

    /// k and b of the head comment.
    ChannelMap estimate(int layer, const Moments& sums) const {
        const Node& norm = *norm_of_.at(layer);
        const auto parameter = [&](const char* suffix, std::size_t c) {
            return static_cast<double>(weights_.at(norm.name + suffix).data()[c]);
        };
        const auto eps = static_cast<double>(norm.eps);
        ChannelMap map;
        for (std::size_t c = 0; c < sums.mean.size(); ++c) {
            const double deviation = std::sqrt(parameter(".running_var", c) + eps);
            const double s = parameter(".weight", c) / deviation;
            const double k = s == 0 ? 1.0 : deviation / std::sqrt(sums.variance[c] / (s * s) + eps);
            map.scale.push_back(static_cast<float>(k));
            map.shift.push_back(static_cast<float>(parameter(".bias", c) - k * sums.mean[c]));
        }
        return map;
    }

  private:
    const Weights& weights_;
    std::map<int, const Node*> norm_of_;  ///< by the folded graph's layer
};

}  // namespace

void reestimate_batch_norm(const Graph& graph, const Weights& weights, std::span<const float> images,
                           FoldedNetwork& folded, Quantization& quantization) {
    const Norms norms(graph, weights, folded);
    std::map<int, ChannelMap> estimates;
    run_layerwise(folded.graph, folded.weights, quantization, images, [&](int layer, const Moments& sums) {
        if (!norms.contains(layer)) return unchanged(folded.graph, folded.weights, layer);
        return estimates[layer] = norms.estimate(layer, sums);
    });
    for (const auto& [layer, map] : estimates) {
        const std::string& name = folded.graph[layer].name;
        const auto quantized = quantization.layers.find(name);
        if (quantized != quantization.layers.end()) scale_channels(quantized->second, map.scale);
        scale_channels(folded.weights.at(name + ".weight"), map.scale);
        std::ranges::copy(map.shift, folded.weights.at(name + ".bias").begin());
    }
}

}  // namespace nibble
