#include "engine/quant/mmse/solvers/problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nibble::mmse {

int code_of(float t, float alpha, Codes codes) {
    if (alpha == 0) return 0;
    const double quotient = static_cast<double>(t) / static_cast<double>(alpha);
    return static_cast<int>(std::clamp(std::nearbyint(quotient), static_cast<double>(codes.lowest),
                                       static_cast<double>(codes.highest)));
}

double Fit::best_scale() const {
    return energy == 0 ? 0.0 : product.value() / static_cast<double>(energy);
}

double Fit::squared_error(Twofold squared_norm, double alpha) const {
    // ||T||^2 - (2 <T, q> - <q, q> alpha) alpha. Twice the precision, for at 8 bits the terms are ten
    // thousand times larger than what is left.
    const Twofold error =
        squared_norm - (product * 2.0 - exact_product(static_cast<double>(energy), alpha)) * alpha;
    return std::max(error.value(), 0.0);
}

Fit fit(const Distribution& t, Codes codes, double alpha) {
    // Begin with the highest code everywhere; what is below (k + 1/2) alpha has code k or less.
    const auto highest = static_cast<std::int64_t>(codes.highest);
    Fit fit{t.all().values * static_cast<double>(highest), highest * highest * t.all().count};
    for (int k = codes.highest - 1; k >= codes.lowest; --k) {
        const Sums& lower = t.up_to(t.below((k + 0.5) * alpha));
        if (lower.count == 0) break;
        fit.product = fit.product - lower.values;
        fit.energy -= (2 * k + 1) * lower.count;  // (k + 1)^2 - k^2
    }
    return fit;
}

Scale evaluate(const Distribution& t, Codes codes, float alpha) {
    if (alpha == 0) return {0, t.squared_norm().value()};
    return {alpha, fit(t, codes, alpha).squared_error(t.squared_norm(), alpha)};
}

Estimate estimate(const Distribution& t, Codes codes, float alpha) {
    // As fit(), of running sums that were rounded.
    const RoundedSums& all = t.rounded_up_to(t.size());
    double product = codes.highest * all.values, energy = codes.highest * codes.highest * all.count;
    for (int k = codes.highest - 1; k >= codes.lowest; --k) {
        const std::size_t below = t.below((k + 0.5) * static_cast<double>(alpha));
        if (below == 0) break;
        product -= t.rounded_up_to(below).values;
        energy -= (2 * k + 1) * t.rounded_up_to(below).count;  // whole numbers below 2^53
    }
    const double a = alpha, squares = t.squared_norm().value(), of_codes = a * a * energy;
    // With K codes and A = sum |t| <= sqrt(n sum t^2): the K running sums are rounded, each by half a unit of
    // A; then K additions are, each by half a unit of K A / 2 or less. Twice that, to be on the safe side.
    const double most = std::sqrt(all.count * squares), number = codes.highest - codes.lowest + 1;
    const double terms = squares + 2 * a * std::abs(product) + of_codes;
    return {squares - 2 * a * product + of_codes,
            0x1p-53 * (2 * a * most * number * (4 + number) + 8 * terms)};
}

bool better(const Scale& a, const Scale& b) {
    return a.error != b.error ? a.error < b.error : a.alpha > b.alpha;
}

float storable(double alpha, Codes codes) {
    const double most = std::max(codes.highest, -codes.lowest);
    constexpr double kSmallest = std::numeric_limits<float>::min(),
                     kLargest = std::numeric_limits<float>::max();
    float largest = static_cast<float>(kLargest / most);
    if (largest * most > kLargest) largest = std::nextafter(largest, 0.0f);
    return static_cast<float>(std::clamp(alpha, kSmallest, static_cast<double>(largest)));
}

}  // namespace nibble::mmse
