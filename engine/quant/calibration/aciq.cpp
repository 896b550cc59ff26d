#include "engine/quant/calibration/aciq.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"

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
    const double width = histogram.bin_width();
    double count = 0, sum = 0;
    const std::vector<std::int64_t> bins = histogram.magnitudes();
    for (std::size_t i = 0; i < bins.size(); ++i) {
        const auto times = static_cast<double>(bins[i]), x = (static_cast<double>(i) + 0.5) * width;
        count += times;
        sum += times * x;
    }
    if (count == 0) return 0;
    const double b = sum / count, ratio = aciq_ratio(bits + (histogram.has_negative() ? 0 : 1));
    return std::min(ratio * b, static_cast<double>(histogram.magnitude()));
}

}  // namespace nibble
