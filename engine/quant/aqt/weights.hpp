// Weights of "Pareto-Optimal Quantized ResNet Is Mostly 4-bit" (arXiv 2105.03536): per output channel o,
// symmetric, scaled by the largest magnitude of the current weights, halves rounded up.
//
//   b_o = max |W_o|,   s_o = Q / (b_o + eps),   code = floor(clip(W s_o, -Q, Q) + 0.5),   W^ = code / s_o
//   Q   = 2^(p-1) - 1  (at p = 1, where that is 0: 0.25, so that every code is 0),   eps = 2^-23
//
// With half shift all 2^p levels are used and none is zero:
//
//   Q = 2^(p-1),   code = floor(clip(W s_o, -(Q - 2^-7), Q - 2^-7)) + 0.5
//
// Neither rounding nor s_o has a gradient of its own; the clip passes it inside only, which matters with half
// shift alone, where it takes the largest weight of a channel.
#pragma once

#include "engine/core/tensor.hpp"

namespace nibble::aqt {

inline constexpr float kEpsilon = 1.0f / (1 << 23);

struct WeightGrid {
    int bits = 4;  ///< p, 1 to 8
    bool half_shift = false;

    float scaled_bound() const;  ///< Q
    float clip() const;          ///< the largest magnitude before rounding
    /// s_o for the weights of one output channel.
    float multiplier(const Vector<float>& weights) const;
    /// The codes of these weights.
    Vector<float> codes(const Vector<float>& weights, float multiplier) const;
};

}  // namespace nibble::aqt
