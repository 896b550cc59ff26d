// Weights by minimal mean squared error: the scale problem (problem.hpp) for a whole tensor or,
// "kernel-wise", for each output channel on its own, since a channel's scale can be applied after its integer
// sum.
#pragma once

#include "engine/quant/mmse/solvers/solver.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::mmse {

/// Quantizes [out][in] or [out][in][kh][kw]; uniform or ternary codes, one scale per tensor or channel. A
/// channel of zeros has step 0. Throws BadInput for sums (dual_weights.hpp), groups, unsigned codes and
/// values that are not finite.
QuantizedWeights quantize_weights(const Array<float>& weights, const Scheme& scheme,
                                  Solver solver = Solver::exact);

/// The codes of a scheme.
inline Codes codes_of(const Scheme& scheme) {
    return {scheme.lowest(), scheme.highest()};
}

}  // namespace nibble::mmse
