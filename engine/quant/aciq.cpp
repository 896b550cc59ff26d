#include "engine/quant/aciq.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"

namespace nibble {
namespace {

/// Half the derivative of the expected error, up to a positive factor: negative below the best ratio.
double slope(Density density, double ratio, double levels_squared) {
    if (density == Density::laplace) return ratio / (3 * levels_squared) - exact_exp(-ratio);
    constexpr double kRootHalf = 0.70710678118654752, kRoot2ByPi = 0.79788456080286536;
    return ratio * exact_erfc(ratio * kRootHalf) - kRoot2ByPi * exact_exp(-ratio * ratio / 2) +
           ratio / (3 * levels_squared);
}

}  // namespace

double aciq_ratio(Density density, int bits) {
    if (bits < 1 || bits > 16) throw BadInput("ACIQ", "bits", "1 to 16", std::to_string(bits));
    const double levels_squared = std::ldexp(1.0, 2 * bits);
    double low = 0, high = 32;
    for (double middle = 16; middle != low && middle != high; middle = (low + high) / 2)
        (slope(density, middle, levels_squared) < 0 ? low : high) = middle;
    return high;
}

double aciq_threshold(const Histogram& histogram, int bits, Density density) {
    require_values(histogram, "ACIQ");
    const double width = histogram.bin_width();
    double count = 0, sum = 0, squares = 0;
    const std::vector<std::int64_t> bins = histogram.magnitudes();
    for (std::size_t b = 0; b < bins.size(); ++b) {
        const auto times = static_cast<double>(bins[b]), x = (static_cast<double>(b) + 0.5) * width;
        count += times;
        sum += times * x;
        squares += times * x * x;
    }
    if (count == 0) return 0;
    const double unit = density == Density::laplace ? sum / count : std::sqrt(squares / count);
    const double ratio = aciq_ratio(density, bits + (histogram.has_negative() ? 0 : 1));
    return std::min(ratio * unit, static_cast<double>(histogram.magnitude()));
}

}  // namespace nibble
