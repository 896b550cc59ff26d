#include "engine/quant/mmse/golden_section.hpp"

#include <cmath>

#include "engine/quant/mmse/max_abs.hpp"
#include "engine/quant/mmse/shortlist.hpp"

namespace nibble::mmse {

Scale golden_section(const Distribution& t, Codes codes) {
    constexpr double kRatio = 0.61803398874989485;  // (sqrt 5 - 1) / 2
    const Scale largest = max_abs(t, codes);
    if (largest.alpha == 0) return largest;
    Shortlist list(t, codes, largest);
    const auto at = [&](double alpha) { return list.add(storable(alpha, codes)); };
    const auto error = [&](double alpha) { return evaluate(t, codes, storable(alpha, codes)).error; };
    double low = 0, high = largest.alpha;
    double left = high - kRatio * (high - low), right = low + kRatio * (high - low);
    Estimate error_left = at(left), error_right = at(right);
    for (int step = 0; step < kGoldenSteps; ++step) {
        const bool decided =
            std::abs(error_left.error - error_right.error) > error_left.uncertainty + error_right.uncertainty;
        if (decided ? error_left.error < error_right.error : error(left) < error(right)) {
            high = right;
            right = left;
            error_right = error_left;
            left = high - kRatio * (high - low);
            error_left = at(left);
        } else {
            low = left;
            left = right;
            error_left = error_right;
            right = low + kRatio * (high - low);
            error_right = at(right);
        }
    }
    return list.best();
}

}  // namespace nibble::mmse
