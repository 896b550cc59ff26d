#include "engine/quant/fgq/two_thresholds.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/quant/fgq/ternarize.hpp"

namespace nibble::fgq {
namespace {

/// Magnitudes of one sign in falling order, summed up: [t] is the sum of the t largest.
std::vector<double> prefix_sums(std::span<const float> group, float sign) {
    std::vector<float> magnitudes;
    for (float w : group)
        if (sign * w > 0) magnitudes.push_back(sign * w);
    std::sort(magnitudes.begin(), magnitudes.end(), std::greater<>{});
    std::vector<double> sums{0.0};
    for (float m : magnitudes) sums.push_back(sums.back() + static_cast<double>(m));
    return sums;
}

}  // namespace

double best_gain_of_two_thresholds(std::span<const float> group) {
    const std::vector<double> positive = prefix_sums(group, 1), negative = prefix_sums(group, -1);
    double best = 0;
    for (std::size_t p = 0; p < positive.size(); ++p)
        for (std::size_t n = p == 0 ? 1 : 0; n < negative.size(); ++n) {
            const double sum = positive[p] + negative[n];
            best = std::max(best, sum * sum / static_cast<double>(p + n));
        }
    return best;
}

double best_gain_of_one_threshold(std::span<const float> group) {
    std::vector<float> magnitudes;
    for (float w : group) magnitudes.push_back(std::abs(w));
    const Ternary t = ternarize(Rule::exact, magnitudes);
    const auto count = std::count_if(magnitudes.begin(), magnitudes.end(),
                                     [&](float m) { return m > 0 && static_cast<double>(m) >= t.threshold; });
    return static_cast<double>(count) * t.scale * t.scale;
}

}  // namespace nibble::fgq
