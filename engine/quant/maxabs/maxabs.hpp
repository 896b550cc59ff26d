// Max-abs quantization, the simplest that works at 8 bits: the largest magnitude becomes the largest code.
//
//     weights       step = max |W| / highest, per tensor, output channel, or group;  code = round(W / step)
//     activations   step = max |x| / highest over the calibration images, per tensor; unsigned where x >= 0
//
// Rounding is to nearest even. Nothing is clipped.
#pragma once

#include "engine/nn/fold.hpp"
#include "engine/quant/calibration/calibration.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// Quantizes [out][in] or [out][in][kh][kw]. For ternary codes this is the rule |W| > max |W| / 2. The
/// largest group of a channel gets the largest multiplier that fits a byte, the others the smallest that
/// clips nothing. Throws BadInput for sums, unsigned codes, values that are not finite, and groups of 8-bit codes
/// of the full range: a code times its multiplier must be at most 127 in magnitude, which -128 never is.
QuantizedWeights maxabs_weights(const Array<float>& weights, const Scheme& scheme);

/// Bits 2 to 8.
Quantizer maxabs_activations(const ValueRange& range, int bits);

struct MaxAbs {
    Scheme weights{.bits = 8, .range = Range::narrow};
    int activation_bits = 8;  ///< 32: activations stay float, what is added, too
    int residual_bits = 8;    ///< of what is added
    int end_bits = 8;         ///< of the first and last layer, weights and activations
};

/// A whole network, batch norm already folded; ranges by node of its graph.
Quantization maxabs(const FoldedNetwork& network, const std::vector<ValueRange>& ranges,
                    const MaxAbs& options);

}  // namespace nibble
