#include "engine/quant/mmse/solvers/golden_section.hpp"

#include <cmath>
#include <optional>

#include "engine/quant/mmse/solvers/max_abs.hpp"
#include "engine/quant/mmse/solvers/shortlist.hpp"

namespace nibble::mmse {

namespace {

/// A point of the search; its error is evaluated with care only where the estimate does not decide.
struct Inner {
    double at;
    Estimate estimate;
    std::optional<double> error = {};
};

}  // namespace

Scale golden_section(const Distribution& t, Codes codes) {
    constexpr double kRatio = 0.61803398874989485;  // (sqrt 5 - 1) / 2
    const Scale largest = max_abs(t, codes);
    if (largest.alpha == 0) return largest;
    Shortlist list(t, codes, largest);
    const auto inner = [&](double at) { return Inner{at, list.add(storable(at, codes))}; };
    const auto error = [&](Inner& p) {
        if (!p.error) p.error = evaluate(t, codes, storable(p.at, codes)).error;
        return *p.error;
    };
    const auto better_left = [&](Inner& a, Inner& b) {
        const Estimate &x = a.estimate, &y = b.estimate;
        const bool decided = std::abs(x.error - y.error) > x.uncertainty + y.uncertainty;
        return decided ? x.error < y.error : error(a) < error(b);
    };
    double low = 0, high = largest.alpha;
    Inner left = inner(high - kRatio * (high - low)), right = inner(low + kRatio * (high - low));
    for (int step = 0; step < kGoldenSteps; ++step) {
        if (better_left(left, right)) {
            high = right.at;
            right = left;
            left = inner(high - kRatio * (high - low));
        } else {
            low = left.at;
            left = right;
            right = inner(low + kRatio * (high - low));
        }
    }
    return list.best();
}

}  // namespace nibble::mmse
