#include "engine/quant/corrections/batch_norm.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/quant/corrections/layerwise.hpp"

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

/// m and d of the head comment, by channel.
struct Targets {
    std::vector<double> mean, deviation;
};

class Norms {
  public:
    Norms(const Graph& graph, const Weights& weights, const FoldedNetwork& folded)
        : weights_(weights), folded_(folded) {
        for (int i = 0; i < graph.size(); ++i)
            if (graph[i].op == Op::batch_norm) norm_of_[folded.node_of[i]] = &graph[i];
    }

    bool contains(int layer) const { return norm_of_.contains(layer); }

    Targets from_parameters(int layer) const {
        const Node& norm = *norm_of_.at(layer);
        Targets targets;
        for (std::size_t c = 0; c < channels(layer); ++c) {
            targets.mean.push_back(parameter(norm, ".bias", c));
            targets.deviation.push_back(deviation(norm, c));
        }
        return targets;
    }

    /// From the float network's sums, and what it does with them.
    Targets from_moments(int layer, const Moments& sums, const ChannelMap& map) const {
        Targets targets;
        for (std::size_t c = 0; c < channels(layer); ++c) {
            targets.mean.push_back(sums.mean[c] + static_cast<double>(map.shift[c]));
            targets.deviation.push_back(deviation_of_sums(layer, sums, c));
        }
        return targets;
    }

    /// k and b.
    ChannelMap estimate(int layer, const Targets& targets, const Moments& sums) const {
        ChannelMap map;
        for (std::size_t c = 0; c < channels(layer); ++c) {
            const bool silent = folded_scale(layer, c) == 0;
            const double k = silent ? 1.0 : targets.deviation[c] / deviation_of_sums(layer, sums, c);
            map.scale.push_back(static_cast<float>(k));
            map.shift.push_back(static_cast<float>(targets.mean[c] - k * sums.mean[c]));
        }
        return map;
    }

  private:
    std::size_t channels(int layer) const { return static_cast<std::size_t>(folded_.graph[layer].out.c); }
    double parameter(const Node& norm, const char* suffix, std::size_t c) const {
        return static_cast<double>(weights_.at(norm.name + suffix).data()[c]);
    }
    double deviation(const Node& norm, std::size_t c) const {
        return std::sqrt(parameter(norm, ".running_var", c) + static_cast<double>(norm.eps));
    }
    /// s
    double folded_scale(int layer, std::size_t c) const {
        const Node& norm = *norm_of_.at(layer);
        return parameter(norm, ".weight", c) / deviation(norm, c);
    }
    /// sqrt(var + eps)
    double deviation_of_sums(int layer, const Moments& sums, std::size_t c) const {
        const double s = folded_scale(layer, c);
        return s == 0 ? 1.0
                      : std::sqrt(sums.variance[c] / (s * s) + static_cast<double>(norm_of_.at(layer)->eps));
    }

    const Weights& weights_;
    const FoldedNetwork& folded_;
    std::map<int, const Node*> norm_of_;  ///< by the folded graph's layer
};

}  // namespace

void reestimate_batch_norm(const Graph& graph, const Weights& weights, std::span<const float> images,
                           NormTarget target, FoldedNetwork& folded, Quantization& quantization) {
    const Norms norms(graph, weights, folded);
    std::map<int, Targets> targets;
    if (target == NormTarget::float_network) {
        const FoldedNetwork real = fold_batch_norm(graph, weights);
        run_layerwise(real.graph, real.weights, {}, images, [&](int layer, const Moments& sums) {
            ChannelMap map = unchanged(real.graph, real.weights, layer);
            if (norms.contains(layer)) targets[layer] = norms.from_moments(layer, sums, map);
            return map;
        });
    }
    std::map<int, ChannelMap> estimates;
    run_layerwise(folded.graph, folded.weights, quantization, images, [&](int layer, const Moments& sums) {
        if (!norms.contains(layer)) return unchanged(folded.graph, folded.weights, layer);
        if (target == NormTarget::parameters) targets[layer] = norms.from_parameters(layer);
        return estimates[layer] = norms.estimate(layer, targets.at(layer), sums);
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
