#include "engine/quant/calibration/percentile.hpp"

#include <algorithm>
#include <string>

#include "engine/core/error.hpp"
#include "engine/core/tensor.hpp"

namespace nibble {

double percentile_threshold(const Histogram& histogram, double percent) {
    require_values(histogram, "percentile");
    if (!(percent > 0 && percent <= 100))
        throw BadInput("percentile", "percent", "above 0, at most 100", std::to_string(percent));
    const double wanted = static_cast<double>(histogram.count()) * percent / 100;
    const std::vector<std::int64_t> counts = histogram.magnitudes();
    if (counts.empty()) return 0;
    const auto bins = vector_of(counts.data(), counts.size());
    const Vector<double> below = xt::cast<double>(histogram.zeros() + xt::cumsum(bins) - bins);
    const auto needed = static_cast<double>(xt::count_nonzero(below < wanted)());  // bins
    return std::min(needed * histogram.bin_width(), static_cast<double>(histogram.magnitude()));
}

}  // namespace nibble
