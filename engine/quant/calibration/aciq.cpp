#include "engine/quant/calibration/aciq.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/core/reduce.hpp"

namespace nibble {
double aciq_ratio(int bits) {
    if (bits < 1 || bits > 16) throw BadInput("ACIQ", "bits", "1 to 16", std::to_string(bits));
    const double levels_squared = std::ldexp(1.0, 2 * bits);
    // Half the derivative of the expected error, up to a positive factor: negative below the best ratio.
    const auto slope = [&](double ratio) { return ratio / (3 * levels_squared) - exact_exp(-ratio); };
    double low = 0, high = 32;
    for (double middle = 16; middle != low && middle != high; middle = (low + high) / 2)
        (slope(middle) < 0 ? low : high) = middle;
    return high;
}

double aciq_threshold(const Histogram& histogram, int bits) {
    require_values(histogram, "ACIQ");
    const std::vector<std::int64_t> bins = histogram.magnitudes();
    if (bins.empty()) return 0;
    const Vector<double> count = xt::cast<double>(vector_of(bins.data(), bins.size()));
    const auto x = (xt::arange<double>(0, static_cast<double>(bins.size())) + 0.5) * histogram.bin_width();
    const double b = ordered_sum(count * x) / ordered_sum(count),
                 ratio = aciq_ratio(bits + (histogram.has_negative() ? 0 : 1));
    return std::min(ratio * b, static_cast<double>(histogram.magnitude()));
}

}  // namespace nibble
