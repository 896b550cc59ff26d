// Activations in dynamic fixed point: integers of p bits and one exponent for the whole tensor.
//
//     x ~ code 2^e,   code = x 2^-e rounded to nearest, ties to even, saturated
//     codes 0 to 2^p - 1 after ReLU, -2^(p-1) to 2^(p-1) - 1 where values can be negative
//
// The paper gives no rule for e. Two are built:
//
//     least error   the e with the least sum of (x - 2^e code)^2 over the calibration images
//     maximum       e = ceil(log2(max |x|)) - p, with signs p - 1: the smallest e whose range reaches the maximum,
//                   up to the last code
//
// The first clips a few large values for finer steps everywhere else. Example: 4 bits, 10,000 values of 1 and one
// of 17. The maximum asks for steps of 2, which round every 1 to 0; least error takes 1 and clips the 17 to 15.
#pragma once

#include "engine/quant/calibration/histogram.hpp"

namespace nibble::fgq {

enum class Exponents { least_error, maximum };

/// Bits 2 to 8. A tensor of zeros gets the step 1. Throws BadInput for a histogram without values.
Quantizer dynamic_fixed_point(const Histogram& histogram, int bits, Exponents rule);

}  // namespace nibble::fgq
