#include "engine/quant/maxabs/maxabs.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/quant/edges.hpp"

namespace nibble {
namespace {

/// Which scale a weight shares: its tensor's, output channel's or group's.
struct Sharing {
    const QuantizedWeights& w;
    std::size_t of(std::size_t i) const {
        switch (w.scheme.granularity) {
            case Granularity::tensor:
                return 0;
            case Granularity::channel:
                return i / (w.codes.size() / w.outputs());
            case Granularity::group:
                return w.multiplier_index(i);
        }
        return 0;
    }
    std::size_t count() const {
        if (w.scheme.granularity == Granularity::tensor) return 1;
        if (w.scheme.granularity == Granularity::channel) return w.outputs();
        return w.codes.empty() ? 0 : w.multiplier_index(w.codes.size() - 1) + 1;
    }
};

/// A code times it is a signed byte.
int largest_multiplier(const Scheme& scheme) {
    return 127 / std::max(scheme.highest(), -scheme.lowest());
}

/// Turns group steps into one step per channel and multipliers of it.
void split_steps(QuantizedWeights& w, const std::vector<float>& group_steps) {
    const int largest = largest_multiplier(w.scheme);
    const std::size_t per_output = group_steps.size() / w.outputs();
    w.steps.resize(w.outputs());
    for (std::size_t o = 0; o < w.outputs(); ++o) {
        const float* first = group_steps.data() + o * per_output;
        w.steps[o] = *std::max_element(first, first + per_output) / static_cast<float>(largest);
        for (std::size_t g = 0; g < per_output; ++g) {
            const float ratio = w.steps[o] > 0 ? first[g] / w.steps[o] : 1.0f;
            // Rounded up: a smaller step would clip.
            w.multipliers.push_back(
                static_cast<std::uint8_t>(std::clamp(std::ceil(ratio), 1.0f, static_cast<float>(largest))));
        }
    }
}

}  // namespace

QuantizedWeights maxabs_weights(const Array<float>& weights, const Scheme& scheme) {
    check(scheme);
    if (scheme.kind == Kind::sum || !scheme.is_signed)
        throw BadInput("max-abs", "scheme of weights", "uniform or ternary, signed", to_string(scheme));
    if (scheme.granularity == Granularity::group && largest_multiplier(scheme) < 1)
        throw BadInput("max-abs", "codes with a multiplier per group", "at most 127 in magnitude",
                       to_string(scheme));
    QuantizedWeights w;
    w.scheme = scheme;
    w.shape.assign(weights.shape().begin(), weights.shape().end());
    w.codes.resize(weights.size());
    const Sharing sharing{w};
    std::vector<float> steps(sharing.count(), 0.0f);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const float magnitude = std::abs(weights.data()[i]);
        if (!std::isfinite(magnitude))
            throw BadInput("max-abs", "weight", "a finite number", std::to_string(magnitude));
        steps[sharing.of(i)] = std::max(steps[sharing.of(i)], magnitude);
    }
    for (float& step : steps) step /= static_cast<float>(scheme.highest());
    if (scheme.granularity == Granularity::group)
        split_steps(w, steps);
    else
        w.steps = steps;
    const std::size_t per_output = w.codes.size() / w.outputs();
    for (std::size_t i = 0; i < w.codes.size(); ++i) {
        const float multiplier =
            w.multipliers.empty() ? 1.0f : static_cast<float>(w.multipliers[w.multiplier_index(i)]);
        const float step = w.step(i / per_output) * multiplier;
        const float t = step > 0 ? weights.data()[i] / step : 0.0f;
        w.codes[i] = static_cast<std::int8_t>(std::clamp(round_by(Rounding::nearest_even, t),
                                                         static_cast<float>(scheme.lowest()),
                                                         static_cast<float>(scheme.highest())));
    }
    return w;
}

Quantizer maxabs_activations(const ValueRange& range, int bits) {
    Scheme scheme{.bits = bits, .is_signed = range.lowest < 0, .granularity = Granularity::tensor};
    if (scheme.is_signed) scheme.range = Range::narrow;
    const float magnitude = range.magnitude();
    return make_quantizer(scheme, magnitude > 0 ? magnitude / static_cast<float>(scheme.highest()) : 1.0f);
}

Quantization maxabs(const FoldedNetwork& network, const std::vector<ValueRange>& ranges,
                    const MaxAbs& options) {
    const Graph& graph = network.graph;
    const std::vector<int> products = graph.products();
    Quantization q;
    for (int i : products) {
        const Node& node = graph[i];
        const bool end = i == products.front() || i == products.back();
        Scheme scheme = options.weights;
        if (end) scheme = {.bits = options.end_bits, .range = Range::narrow};
        q.layers.emplace(node.name, maxabs_weights(network.weights.at(node.name + ".weight"), scheme));
        if (options.activation_bits == 32) continue;
        const int bits = end ? options.end_bits : options.activation_bits;
        q.edges.emplace(GraphEdge{i, 0}, maxabs_activations(ranges[node.inputs[0]], bits));
    }
    if (options.activation_bits == 32) return q;
    for (const GraphEdge& edge : residual_edges(graph))
        q.edges.emplace(edge, maxabs_activations(ranges[source_of(graph, edge)], options.residual_bits));
    return q;
}

}  // namespace nibble
