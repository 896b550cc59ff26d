// Activations in dynamic fixed point: integers of p bits and one exponent for the whole tensor.
//
//     x ~ code 2^e,   code = x 2^-e rounded to nearest, ties to even, saturated
//     e = ceil(log2(max |x|)) - p         after ReLU, codes 0 to 2^p - 1
//     e = ceil(log2(max |x|)) - (p - 1)   where values can be negative, codes -2^(p-1) to 2^(p-1) - 1
//
// with the largest magnitude of the calibration images. Values in the uppermost half step saturate, and those
// beyond what calibration has seen. The paper gives no rule for e; this is the smallest exponent for which
// the range reaches the maximum, up to the last code.
#pragma once

#include "engine/quant/calibration.hpp"
#include "engine/quant/numerics.hpp"

namespace nibble::fgq {

/// Bits 2 to 8. A tensor of zeros gets the step 1. Throws BadInput for a range that is not finite.
Quantizer dynamic_fixed_point(const ValueRange& range, int bits);

}  // namespace nibble::fgq
