#include "engine/quant/mmse/golden_section.hpp"

#include "engine/quant/mmse/max_abs.hpp"

namespace nibble::mmse {

Scale golden_section(const Distribution& t, Codes codes) {
    constexpr double kRatio = 0.61803398874989485;  // (sqrt 5 - 1) / 2
    Scale best = max_abs(t, codes);
    if (best.alpha == 0) return best;
    const auto at = [&](double alpha) {
        const Scale scale = evaluate(t, codes, storable(alpha, codes));
        if (better(scale, best)) best = scale;
        return scale.error;
    };
    double low = 0, high = best.alpha;
    double left = high - kRatio * (high - low), right = low + kRatio * (high - low);
    double error_left = at(left), error_right = at(right);
    for (int step = 0; step < kGoldenSteps; ++step) {
        if (error_left < error_right) {
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
    return best;
}

}  // namespace nibble::mmse
