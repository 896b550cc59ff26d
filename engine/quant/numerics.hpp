// Grids and rounding: how a real number becomes a code and what it is worth then. The kernels' quantize() and
// finish() do the same on whole tensors (engine/kernels/integer.hpp).
//
//     code(x) = round(clamp(x * multiplier, lowest, highest)),   value = code * step
//
// The straight-through estimator takes round() for the identity, so only the clamp shapes the gradient.
#pragma once

#include "engine/core/rounding.hpp"
#include "engine/quant/scheme.hpp"

namespace nibble {

/// The integer next to t by the rule, as a float.
float round_by(Rounding rounding, float t);

/// An activation's way to codes and back: one per tensor.
struct Quantizer {
    Scheme scheme;
    Rounding rounding = Rounding::nearest_even;
    float multiplier = 1;  ///< codes per unit
    float step = 1;        ///< value of one code; 1 / multiplier up to rounding

    /// Stored codes are code + offset, bytes without sign.
    int offset() const { return scheme.is_signed ? 1 << (scheme.bits - 1) : 0; }
    friend bool operator==(const Quantizer&, const Quantizer&) = default;
};

/// A quantizer with value = code * step, multiplier = 1 / step. Throws BadInput unless step is finite, normal
/// and positive and the scheme is uniform per tensor.
Quantizer make_quantizer(const Scheme& scheme, float step, Rounding rounding = Rounding::nearest_even);
void check(const Quantizer& quantizer);

int code_of(const Quantizer& quantizer, float x);

/// How the gradient passes a clamp to [lowest, highest]; t is what is compared with them.
enum class ClipGradient {
    pass,    ///< everywhere 1: nothing is ever clipped (max-abs bounds)
    inside,  ///< 1 where lowest <= t <= highest, else 0
    split    ///< as `inside`, but 1/2 where t equals a bound: what min and max give when both sides tie
};
float clip_gradient(ClipGradient rule, float t, float lowest, float highest);

}  // namespace nibble
