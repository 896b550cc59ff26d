#include "engine/quant/fgq/activations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/quant/mmse/activations.hpp"

namespace nibble::fgq {
namespace {

/// Smaller exponents than that of the maximum that are tried: the last clips at 2^-15 of it.
constexpr int kTried = 15;

/// For magnitude > 0.
int exponent_reaching(float magnitude, const Scheme& scheme) {
    int exponent = 0;  // magnitude = fraction * 2^exponent, 0.5 <= fraction < 1
    if (std::frexp(magnitude, &exponent) == 0.5f) --exponent;
    return exponent - (scheme.is_signed ? scheme.bits - 1 : scheme.bits);
}

Quantizer with_exponent(int exponent, const Scheme& scheme) {
    // Both 2^e and 2^-e must be normal floats.
    constexpr int kLowest = std::numeric_limits<float>::min_exponent - 1;
    return make_quantizer(scheme, std::ldexp(1.0f, std::clamp(exponent, kLowest, -kLowest)));
}

}  // namespace

Quantizer dynamic_fixed_point(const Histogram& histogram, int bits, Exponents rule) {
    require_values(histogram, "fgq");
    const Scheme scheme{
        .bits = bits, .is_signed = histogram.has_negative(), .granularity = Granularity::tensor};
    check(scheme);
    if (histogram.magnitude() == 0) return make_quantizer(scheme, 1.0f);
    const int largest = exponent_reaching(histogram.magnitude(), scheme);
    Quantizer best = with_exponent(largest, scheme);
    if (rule == Exponents::maximum) return best;
    double least = mmse::relative_error(histogram, best);
    for (int below = 1; below <= kTried; ++below) {
        const Quantizer q = with_exponent(largest - below, scheme);
        const double error = mmse::relative_error(histogram, q);
        if (error >= least) continue;
        best = q;
        least = error;
    }
    return best;
}

}  // namespace nibble::fgq
