#include "engine/quant/fgq/ternarize.hpp"

#include <algorithm>
#include <functional>

#include "engine/core/reduce.hpp"

namespace nibble::fgq {
namespace {

double sum_of(std::span<const float> magnitudes) {
    return ordered_sum(vector_of(magnitudes.data(), magnitudes.size()));
}

Ternary exact(std::span<const float> falling) {
    Ternary best;
    double sum = 0, most = 0;
    for (std::size_t t = 1; t <= falling.size() && falling[t - 1] > 0; ++t) {
        sum += static_cast<double>(falling[t - 1]);
        // Between equal magnitudes is no maximum: S_t^2 / t is a square over a line there, so convex.
        if (t < falling.size() && falling[t] == falling[t - 1]) continue;
        const double count = static_cast<double>(t), gain = sum * sum / count;
        if (gain <= most) continue;
        most = gain;
        best = {static_cast<double>(falling[t - 1]), sum / count};
    }
    return best;
}

Ternary from_threshold(double threshold, std::span<const float> falling) {
    const auto end = std::find_if(falling.begin(), falling.end(),
                                  [&](float m) { return m == 0 || static_cast<double>(m) < threshold; });
    const auto count = static_cast<std::size_t>(end - falling.begin());
    return {threshold, count > 0 ? sum_of(falling.first(count)) / static_cast<double>(count) : 0.0};
}

}  // namespace

Ternary ternarize(Rule rule, std::span<float> magnitudes) {
    if (magnitudes.empty()) return {};
    std::sort(magnitudes.begin(), magnitudes.end(), std::greater<>{});
    if (rule == Rule::exact) return exact(magnitudes);
    const double mean = sum_of(magnitudes) / static_cast<double>(magnitudes.size());
    return from_threshold(rule == Rule::twn ? 0.7 * mean : mean, magnitudes);
}

}  // namespace nibble::fgq
