#include "experiments/aqt/smoothing.hpp"

#include <algorithm>
#include <cmath>

namespace nibble::aqt {

std::optional<double> smoothed_maximum(const std::vector<EpochRecord>& history) {
    constexpr double kWindow = 5;  // epochs
    std::optional<double> largest;
    for (const EpochRecord& centre : history) {
        if (!centre.eval_top1) continue;
        double sum = 0, weights = 0;
        for (const EpochRecord& p : history) {
            if (!p.eval_top1) continue;
            const double weight = std::max(0.0, kWindow / 2 - std::abs(p.epoch - centre.epoch));
            sum += weight * *p.eval_top1;
            weights += weight;
        }
        largest = std::max(largest.value_or(0), sum / weights);
    }
    return largest;
}

}  // namespace nibble::aqt
