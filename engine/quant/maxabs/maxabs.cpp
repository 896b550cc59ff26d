#include "engine/quant/maxabs/maxabs.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/reduce.hpp"
#include "engine/quant/edges.hpp"

namespace nibble {
namespace {

/// max |W| over the weights that share a scale: all of them, those of an output channel or those of a group, in the
/// order of QuantizedWeights::multipliers.
Vector<float> largest_weights(const Array<float>& weights, const Scheme& scheme) {
    const std::size_t outputs = scheme.granularity == Granularity::tensor ? 1 : weights.shape()[0];
    if (scheme.granularity != Granularity::group)
        return largest_magnitude(matrix_of(weights.data(), outputs, weights.size() / outputs), 1);
    const std::size_t inputs = weights.shape()[1], taps = weights.size() / (outputs * inputs),
                      size = static_cast<std::size_t>(scheme.group), groups = groups_of(inputs, scheme.group);
    Matrix<float> largest(std::array{outputs * groups, taps});
    for (std::size_t row = 0; row < outputs * groups; ++row) {
        const std::size_t output = row / groups, first = row % groups * size;
        xt::row(largest, static_cast<std::ptrdiff_t>(row)) =
            largest_magnitude(matrix_of(weights.data() + (output * inputs + first) * taps,
                                        std::min(size, inputs - first), taps),
                              0);
    }
    return xt::flatten(largest);
}

/// A code times it is a signed byte.
int largest_multiplier(const Scheme& scheme) {
    return 127 / std::max(scheme.highest(), -scheme.lowest());
}

/// Turns group steps into one step per channel and multipliers of it.
void split_steps(QuantizedWeights& w, const Vector<float>& group_steps) {
    const auto largest = static_cast<float>(largest_multiplier(w.scheme));
    const auto groups = matrix_of(group_steps.data(), w.outputs(), group_steps.size() / w.outputs());
    const Vector<float> steps = largest_magnitude(groups, 1) / largest;
    const auto step = xt::view(steps, xt::all(), xt::newaxis());
    // Rounded up: a smaller step would clip.
    const Matrix<std::uint8_t> multipliers = xt::cast<std::uint8_t>(
        xt::clip(xt::ceil(xt::where(step > 0.0f, groups / step, 1.0f)), 1.0f, largest));
    w.steps.assign(steps.begin(), steps.end());
    w.multipliers.assign(multipliers.begin(), multipliers.end());
}

}  // namespace

QuantizedWeights maxabs_weights(const Array<float>& weights, const Scheme& scheme) {
    check(scheme);
    if (scheme.kind == Kind::sum || !scheme.is_signed)
        throw BadInput("max-abs", "scheme of weights", "uniform or ternary, signed", to_string(scheme));
    if (scheme.granularity == Granularity::group && largest_multiplier(scheme) < 1)
        throw BadInput("max-abs", "codes with a multiplier per group", "at most 127 in magnitude",
                       to_string(scheme));
    for (float value : weights)
        if (!std::isfinite(value))
            throw BadInput("max-abs", "weight", "a finite number", std::to_string(value));
    QuantizedWeights w;
    w.scheme = scheme;
    w.shape.assign(weights.shape().begin(), weights.shape().end());
    w.codes.resize(weights.size());
    const Vector<float> steps = largest_weights(weights, scheme) / static_cast<float>(scheme.highest());
    if (scheme.granularity == Granularity::group)
        split_steps(w, steps);
    else
        w.steps.assign(steps.begin(), steps.end());

    const std::size_t per_output = w.codes.size() / w.outputs();
    Vector<float> step(std::array{w.codes.size()});
    for (std::size_t i = 0; i < w.codes.size(); ++i)
        step(i) = w.step(i / per_output) *
                  (w.multipliers.empty() ? 1.0f : static_cast<float>(w.multipliers[w.multiplier_index(i)]));
    const auto t = xt::where(step > 0.0f, vector_of(weights.data(), weights.size()) / step, 0.0f);
    auto codes = vector_of(w.codes.data(), w.codes.size());
    xt::noalias(codes) = xt::cast<std::int8_t>(xt::clip(xt::nearbyint(t), static_cast<float>(scheme.lowest()),
                                                        static_cast<float>(scheme.highest())));
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
    const std::vector<int> layers = graph.weighted_layers();
    Quantization q;
    for (int i : layers) {
        const Node& node = graph[i];
        const bool end = i == layers.front() || i == layers.back();
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
