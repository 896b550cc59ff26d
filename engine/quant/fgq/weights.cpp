#include "engine/quant/fgq/weights.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/reduce.hpp"

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

    /// Calls visit(o, g) for group g of output channel o.
    template <class Visit>
    void for_each(Visit visit) const {
        for (std::size_t o = 0; o < outputs; ++o)
            for (std::size_t g = 0; g < per_output; ++g) visit(o, g);
    }

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

    const float* values = weights.data();
    Matrix<double> alpha(std::array{groups.outputs, groups.per_output}), threshold(alpha.shape());
    std::vector<float> magnitudes;
    groups.for_each([&](std::size_t o, std::size_t g) {
        magnitudes.clear();
        groups.members(o, g, [&](std::size_t i) { magnitudes.push_back(std::abs(values[i])); });
        const Ternary ternary = ternarize(rule, magnitudes);
        alpha(o, g) = ternary.scale;
        threshold(o, g) = ternary.threshold;
    });
    const Vector<float> steps = xt::cast<float>(largest_magnitude(alpha, 1) / kLargestMultiplier);
    const auto s = xt::view(steps, xt::all(), xt::newaxis());
    // 0 in a channel of zeros, or of weights too small for a float.
    const Matrix<double> m =
        xt::where(s > 0.0f, xt::minimum(xt::nearbyint(alpha / s), kLargestMultiplier), 0.0);
    groups.for_each([&](std::size_t o, std::size_t g) {
        if (m(o, g) == 0) return;
        groups.members(o, g, [&](std::size_t i) {
            const bool chosen = static_cast<double>(std::abs(values[i])) >= threshold(o, g);
            w.codes[i] = static_cast<std::int8_t>(chosen ? (values[i] > 0) - (values[i] < 0) : 0);
        });
    });
    const Matrix<std::uint8_t> multipliers = xt::cast<std::uint8_t>(xt::maximum(m, 1.0));
    w.steps.assign(steps.begin(), steps.end());
    w.multipliers.assign(multipliers.begin(), multipliers.end());
    return w;
}

void for_each_group(const Array<float>& weights, int group,
                    const std::function<void(std::span<const float>)>& visit) {
    const Groups groups = groups_in(weights, group);
    std::vector<float> values;
    groups.for_each([&](std::size_t o, std::size_t g) {
        values.clear();
        groups.members(o, g, [&](std::size_t i) { values.push_back(weights.data()[i]); });
        visit(values);
    });
}

double density(const QuantizedWeights& weights) {
    const auto zeros = std::count(weights.codes.begin(), weights.codes.end(), 0);
    return 1 - static_cast<double>(zeros) / static_cast<double>(weights.codes.size());
}

}  // namespace nibble::fgq
