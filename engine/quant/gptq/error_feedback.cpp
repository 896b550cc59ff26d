#include "engine/quant/gptq/error_feedback.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/quant/gptq/factor.hpp"

namespace nibble::gptq {
namespace {

constexpr std::size_t kOutputs = 16;  ///< rounded side by side

/// Output channels [first, first + count), at most kOutputs, of one group.
void round_outputs(const float* weights, const Factor& factor, std::size_t first, std::size_t count,
                   QuantizedWeights& quantized) {
    const std::size_t n = factor.size();
    const double lowest = quantized.scheme.lowest(), highest = quantized.scheme.highest();
    std::vector<double> errors(n * kOutputs, 0.0);  // [input][output]
    for (std::size_t i = n; i-- > 0;) {
        const double* row = factor.row(i);
        double feedback[kOutputs] = {};
        for (std::size_t j = i + 1; j < n; ++j)
            for (std::size_t o = 0; o < kOutputs; ++o) feedback[o] += errors[j * kOutputs + o] * row[j];
        for (std::size_t o = 0; o < count; ++o) {
            const std::size_t at = (first + o) * n + factor.input(i);
            const double step = static_cast<double>(quantized.step(first + o)),
                         w = static_cast<double>(weights[at]);
            const double code =
                step == 0 ? 0
                          : std::clamp(std::nearbyint((w + feedback[o] / row[i]) / step), lowest, highest);
            quantized.codes[at] = static_cast<std::int8_t>(code);
            errors[i * kOutputs + o] = w - step * code;
        }
    }
}

}  // namespace

void round_with_feedback(const Array<float>& weights, const Correlations& inputs,
                         QuantizedWeights& quantized) {
    const Scheme& scheme = quantized.scheme;
    if (scheme.kind != Kind::uniform || scheme.granularity == Granularity::group)
        throw BadInput("gptq", "scheme of weights", "uniform, per tensor or channel", to_string(scheme));
    const std::size_t outputs = quantized.outputs(), per_group = outputs / inputs.groups;
    if (weights.size() != quantized.codes.size() || weights.size() != outputs * inputs.size)
        throw BadInput("gptq", "weights and codes", std::to_string(outputs * inputs.size),
                       std::to_string(weights.size()) + " and " + std::to_string(quantized.codes.size()));
    std::vector<Factor> factors;
    for (std::size_t g = 0; g < inputs.groups; ++g)
        factors.emplace_back(inputs.sums.data() + g * inputs.size * inputs.size, inputs.size, kDamping);
    const std::size_t blocks = (per_group + kOutputs - 1) / kOutputs;
    parallel_for(inputs.groups * blocks, [&](std::size_t item) {
        const std::size_t group = item / blocks, first = item % blocks * kOutputs;
        round_outputs(weights.data(), factors[group], group * per_group + first,
                      std::min(kOutputs, per_group - first), quantized);
    });
}

}  // namespace nibble::gptq
