// Batch-norm re-estimation: after quantization a layer's sums have another mean and variance than those that
// its batch norm was trained with. They are estimated anew from the quantized network's own sums u = W^ x^
// over calibration images, layer by layer. With s = gamma / sqrt(var_float + eps), what folding multiplied
// the weights with, batch norm is
//
//     y = gamma (u / s - mean) / sqrt(var + eps) + beta,   mean and var of u / s,
//
// on the folded layer a factor and a bias for each output channel:
//
//     y = k u + b,   k = d / sqrt(var + eps),   b = m - k mean(u),
//
// so the codes stay as they are: k goes into their steps, and b is the new bias, a float as before. m and d
// say which mean and deviation the outputs shall have:
//
//     parameters      m = beta, d = sqrt(var_float + eps): batch norm itself, as training would find it on
//                     these images; outputs have mean beta and variance gamma^2 (up to eps)
//     float_network   m and d are the mean of y and the deviation sqrt(var + eps) of the float network on the
//                     same images, whose outputs' mean and variance come back
//
// The two differ where the float network's statistics are not those of the calibration images: `parameters` then
// changes even a network that is not quantized. Networks trained on augmented images want calibration images
// that are augmented in the same way.
//
// Source: batch norm's population statistics (Ioffe and Szegedy, "Batch Normalization: Accelerating Deep
// Network Training by Reducing Internal Covariate Shift", 2015, section 3.1), estimated after quantization
// as in Mellempudi et al., "Ternary Neural Networks with Fine-Grained Quantization" (arXiv 1705.01462).
// `float_network` is ours.
#pragma once

#include <span>

#include "engine/nn/fold.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

enum class NormTarget { parameters, float_network };

/// `graph` and `weights` are the float network, `folded` the same with batch norm folded, which
/// `quantization` is about. Changes the folded weights and biases and the steps of the quantized weights of
/// every layer that had a batch norm; one scale per tensor becomes one per channel. Channels with gamma = 0
/// keep what they have. images: n x h x w x c. Throws what run_layerwise() throws.
void reestimate_batch_norm(const Graph& graph, const Weights& weights, std::span<const float> images,
                           NormTarget target, FoldedNetwork& folded, Quantization& quantization);

}  // namespace nibble
