#include "engine/quant/fgq/activations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "engine/core/error.hpp"

namespace nibble::fgq {

Quantizer dynamic_fixed_point(const ValueRange& range, int bits) {
    const float magnitude = range.magnitude();
    if (!std::isfinite(magnitude))
        throw BadInput("fgq", "largest magnitude of activations", "a finite number",
                       std::to_string(magnitude));
    const Scheme scheme{.bits = bits, .is_signed = range.lowest < 0, .granularity = Granularity::tensor};
    check(scheme);
    if (magnitude == 0) return make_quantizer(scheme, 1.0f);
    int exponent = 0;  // magnitude = fraction * 2^exponent, 0.5 <= fraction < 1
    if (std::frexp(magnitude, &exponent) == 0.5f) --exponent;
    exponent -= scheme.is_signed ? bits - 1 : bits;
    // Both 2^e and 2^-e must be normal floats.
    constexpr int kLowest = std::numeric_limits<float>::min_exponent - 1;
    return make_quantizer(scheme, std::ldexp(1.0f, std::clamp(exponent, kLowest, -kLowest)));
}

}  // namespace nibble::fgq
