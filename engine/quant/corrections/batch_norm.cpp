#include "engine/quant/corrections/batch_norm.hpp"

#include <map>

#include "engine/quant/corrections/layerwise.hpp"

namespace nibble {
namespace {

/// Multiplies each output channel's values.
void scale_channels(QuantizedWeights& w, const Vector<float>& factors) {
    if (w.scheme.granularity == Granularity::tensor) {
        w.scheme.granularity = Granularity::channel;
        w.steps.resize(w.outputs(), w.steps.front());
    }
    auto steps = vector_of(w.steps.data(), w.outputs());
    steps *= factors;
    for (ExtraTerm& term : w.extra)
        for (std::size_t j = 0; j < term.outputs.size(); ++j) term.steps[j] *= factors(term.outputs[j]);
}

void scale_channels(Array<float>& weights, const Vector<float>& factors) {
    auto by_channel = matrix_of(weights.data(), factors.size(), weights.size() / factors.size());
    by_channel *= xt::view(factors, xt::all(), xt::newaxis());
}

/// m and d of the head comment, by channel.
struct Targets {
    Vector<double> mean, deviation;
};

class Norms {
  public:
    Norms(const Graph& graph, const Weights& weights, const FoldedNetwork& folded) : weights_(weights) {
        for (int i = 0; i < graph.size(); ++i)
            if (graph[i].op == Op::batch_norm) norm_of_[folded.node_of[i]] = &graph[i];
    }

    bool contains(int layer) const { return norm_of_.contains(layer); }

    Targets from_parameters(int layer) const { return {parameter(layer, ".bias"), deviation(layer)}; }

    /// From the float network's sums, and what it does with them.
    Targets from_moments(int layer, const Moments& sums, const ChannelMap& map) const {
        return {sums.mean + map.shift, deviation_of_sums(layer, sums)};
    }

    /// k and b.
    ChannelMap estimate(int layer, const Targets& targets, const Moments& sums) const {
        const Vector<double> k = xt::where(xt::equal(folded_scale(layer), 0.0), 1.0,
                                           targets.deviation / deviation_of_sums(layer, sums));
        return {xt::cast<float>(k), xt::cast<float>(targets.mean - k * sums.mean)};
    }

  private:
    const Node& norm(int layer) const { return *norm_of_.at(layer); }
    double eps(int layer) const { return static_cast<double>(norm(layer).eps); }
    Vector<double> parameter(int layer, const char* suffix) const {
        return xt::cast<double>(weights_.at(norm(layer).name + suffix));
    }
    /// sqrt(var_float + eps)
    Vector<double> deviation(int layer) const {
        return xt::sqrt(parameter(layer, ".running_var") + eps(layer));
    }
    /// s
    Vector<double> folded_scale(int layer) const { return parameter(layer, ".weight") / deviation(layer); }
    /// sqrt(var + eps), 1 where s = 0
    Vector<double> deviation_of_sums(int layer, const Moments& sums) const {
        const Vector<double> s = folded_scale(layer);
        return xt::where(xt::equal(s, 0.0), 1.0, xt::sqrt(sums.variance / (s * s) + eps(layer)));
    }

    const Weights& weights_;
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
        folded.weights.at(name + ".bias") = map.shift;
    }
}

}  // namespace nibble
