#include "engine/quant/fgq/weights.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"

namespace nibble::fgq {
namespace {

constexpr double kLargestMultiplier = 127;

/// Where the groups of a tensor [out][in][taps] lie.
struct Groups {
    Groups(const Shape& shape, int group)
        : outputs(shape[0]),
          inputs(shape[1]),
          taps(count(shape) / (shape[0] * shape[1])),
          size(static_cast<std::size_t>(group)),
          per_output(groups_of(inputs, group) * taps) {}

    std::size_t outputs, inputs, taps, size, per_output;

    /// Calls visit(i) for the indices of the weights in group g of output channel o.
    template <class Visit>
    void members(std::size_t o, std::size_t g, Visit visit) const {
        const std::size_t tap = g % taps, first = g / taps * size;
        for (std::size_t input = first; input < std::min(first + size, inputs); ++input)
            visit((o * inputs + input) * taps + tap);
    }
};

Groups groups_in(const Array<float>& weights, int group) {
    const Shape shape(weights.shape().begin(), weights.shape().end());
    if ((shape.size() != 2 && shape.size() != 4) || count(shape) == 0)
        throw BadInput("fgq", "shape of weights", "2 or 4 dimensions, none of them 0",
                       nibble::to_string(shape));
    return {shape, group};
}

}  // namespace

QuantizedWeights ternary_weights(const Array<float>& weights, int group, Rule rule) {
    QuantizedWeights w;
    w.scheme = {.kind = Kind::ternary,
                .bits = 2,
                .range = Range::narrow,
                .granularity = Granularity::group,
                .group = group};
    check(w.scheme);
    const Groups groups = groups_in(weights, group);
    for (float value : weights)
        if (!std::isfinite(value)) throw BadInput("fgq", "weight", "a finite number", std::to_string(value));
    w.shape.assign(weights.shape().begin(), weights.shape().end());
    w.codes.resize(weights.size());
    w.steps.resize(groups.outputs);
    w.multipliers.resize(groups.outputs * groups.per_output, 1);

    const float* values = weights.data();
    std::vector<float> magnitudes;
    std::vector<Ternary> ternary(groups.per_output);
    for (std::size_t o = 0; o < groups.outputs; ++o) {
        double largest = 0;
        for (std::size_t g = 0; g < groups.per_output; ++g) {
            magnitudes.clear();
            groups.members(o, g, [&](std::size_t i) { magnitudes.push_back(std::abs(values[i])); });
            ternary[g] = ternarize(rule, magnitudes);
            largest = std::max(largest, ternary[g].scale);
        }
        const auto step = static_cast<float>(largest / kLargestMultiplier);
        w.steps[o] = step;
        if (step == 0) continue;  // zeros, or too small for a float
        for (std::size_t g = 0; g < groups.per_output; ++g) {
            const double multiplier =
                std::min(std::nearbyint(ternary[g].scale / static_cast<double>(step)), kLargestMultiplier);
            if (multiplier == 0) continue;
            w.multipliers[o * groups.per_output + g] = static_cast<std::uint8_t>(multiplier);
            groups.members(o, g, [&](std::size_t i) {
                const bool chosen = static_cast<double>(std::abs(values[i])) >= ternary[g].threshold;
                w.codes[i] = static_cast<std::int8_t>(chosen ? (values[i] > 0) - (values[i] < 0) : 0);
            });
        }
    }
    return w;
}

void for_each_group(const Array<float>& weights, int group,
                    const std::function<void(std::span<const float>)>& visit) {
    const Groups groups = groups_in(weights, group);
    std::vector<float> values;
    for (std::size_t o = 0; o < groups.outputs; ++o)
        for (std::size_t g = 0; g < groups.per_output; ++g) {
            values.clear();
            groups.members(o, g, [&](std::size_t i) { values.push_back(weights.data()[i]); });
            visit(values);
        }
}

double density(const QuantizedWeights& weights) {
    const auto zeros = std::count(weights.codes.begin(), weights.codes.end(), 0);
    return 1 - static_cast<double>(zeros) / static_cast<double>(weights.codes.size());
}

}  // namespace nibble::fgq
