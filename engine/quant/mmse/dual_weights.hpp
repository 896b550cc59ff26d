// Dual tensors where they pay: only output channels that a single low-bit tensor approximates badly become
// sums. Which ones is the caller's choice, by relative_errors() of the single quantization. The
// paper takes those above a threshold tau; a share of the worst is the same choice by another number.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/quant/mmse/solvers/solver.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::mmse {

/// The round(share * number) channels of the largest errors; of equal ones, the first. Ascending. Share is 0
/// to 1.
std::vector<std::uint32_t> worst_channels(std::span<const double> errors, double share);

/// Per channel; `channels`, ascending, as sums, the others as quantize_weights() does. Throws BadInput for
/// schemes other than sums like s4x2-pc, of at most 16 bits in all.
QuantizedWeights quantize_dual(const Array<float>& weights, const Scheme& scheme,
                               std::span<const std::uint32_t> channels, Solver solver = Solver::exact);

}  // namespace nibble::mmse
