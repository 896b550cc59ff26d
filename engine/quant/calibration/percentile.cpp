#include "engine/quant/calibration/percentile.hpp"

#include <algorithm>
#include <string>

#include "engine/core/error.hpp"

namespace nibble {

double percentile_threshold(const Histogram& histogram, double percent) {
    require_values(histogram, "percentile");
    if (!(percent > 0 && percent <= 100))
        throw BadInput("percentile", "percent", "above 0, at most 100", std::to_string(percent));
    const double wanted = static_cast<double>(histogram.count()) * percent / 100,
                 width = histogram.bin_width();
    const double largest = histogram.magnitude();
    std::int64_t below = histogram.zeros();
    double threshold = 0;
    for (std::int64_t count : histogram.magnitudes()) {
        if (static_cast<double>(below) >= wanted) break;
        below += count;
        threshold += width;
    }
    return std::min(threshold, largest);
}

}  // namespace nibble
