// Rounding with error feedback: the weights of a layer are rounded one input at a time, and those still to be rounded
// make up for the error so far. The steps stay as a solver chose them; the codes keep
//
//     ||(W - W^) X||^2 = sum over outputs of e H e^T,   e = w - w^ (one row of each),   H = X X^T
//
// small, where rounding to the nearest code keeps ||W - W^||^2 small. GPTQ, for each output channel:
//
//     q_j = clamp(round(w_j / step)),   d_j = (w_j - step q_j) / U_jj,   w_rest <- w_rest - d_j U_j,rest,
//
// j in a fixed order, U the upper Cholesky factor of H^-1 (H^-1 = U^T U). No inverse is needed: with H = R R^T, R upper
// triangular, U is R^-1, and d U = e. So d = e R, and the weight that is rounded at j is
//
//     w_j + (sum over i < j of e_i R_ij) / R_jj
//
// R with its rows and columns turned round is the usual factor (cholesky.hpp), so the code runs through the inputs from
// the last to the first. They are rounded in the order of falling H_jj: large inputs first, while most weights are left
// to make up for their error.
//
// H gets 1 % of its mean diagonal added to its diagonal. An input that is always 0 then has no part in any other's, and
// its weights go to the nearest code; if H is diagonal (inputs without correlation), all do.
//
// Source: Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers" (arXiv
// 2210.17323), from Optimal Brain Surgeon (Hassibi and Stork, 1993).
#pragma once

#include "engine/quant/gptq/correlations.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::gptq {

inline constexpr double kDamping = 0.01;

/// Replaces the codes. Throws BadInput unless these are uniform codes, per tensor or channel, and sizes fit.
void round_with_feedback(const Array<float>& weights, const Correlations& inputs,
                         QuantizedWeights& quantized);

}  // namespace nibble::gptq
