#include "engine/quant/mmse/solvers/grid.hpp"

#include <cmath>

#include "engine/quant/mmse/solvers/max_abs.hpp"
#include "engine/quant/mmse/solvers/shortlist.hpp"

namespace nibble::mmse {
namespace {

/// sum (t - bound)^2 over values with these sums, at least.
double squared_distance(const Sums& sums, double bound) {
    const double squares = sums.squares.value(), product = 2 * bound * sums.values.value(),
                 constant = bound * bound * static_cast<double>(sums.count);
    return squares - product + constant - 0x1p-50 * (squares + std::abs(product) + constant);
}

/// What values beyond the lowest and highest code are off by, at least.
double clipped(const Distribution& t, Codes codes, float alpha) {
    const double low = static_cast<double>(alpha) * codes.lowest,
                 high = static_cast<double>(alpha) * codes.highest;
    return squared_distance(t.up_to(t.below(low)), low) +
           squared_distance(t.between(t.below(high), t.size()), high);
}

}  // namespace

Scale grid(const Distribution& t, Codes codes, int candidates) {
    const Scale largest = max_abs(t, codes);
    if (largest.alpha == 0) return largest;
    Shortlist list(t, codes, largest);
    for (int j = candidates - 1; j >= 1; --j) {
        const float alpha = storable(static_cast<double>(largest.alpha) * j / candidates, codes);
        if (clipped(t, codes, alpha) <= list.reached()) list.add(alpha);
    }
    return list.best();
}

}  // namespace nibble::mmse
