// Batch-norm re-estimation: after quantization a layer's sums have another mean and variance than those that
// its batch norm was trained with. Estimated anew from the quantized network's own sums u = W^ x^ over the
// calibration images, layer by layer, batch norm gives
//
//     y = gamma (u / s - mean) / sqrt(var + eps) + beta,   mean and var of u / s
//
// where s = gamma / sqrt(var_float + eps) is what folding multiplied the weights with. On the folded layer
// this is a factor and a bias for each output channel,
//
//     y = k u + b,   k = sqrt(var_float + eps) / sqrt(var + eps),   b = beta - k mean(u),
//
// so the codes stay as they are: k goes into their steps, b is the new bias, a float as before. Then the mean
// of y over the images is beta, and its variance gamma^2 (up to eps).
//
// Source: batch norm's population statistics (Ioffe and Szegedy, "Batch Normalization: Accelerating Deep
// Network Training by Reducing Internal Covariate Shift", 2015, section 3.1), estimated after quantization
// as in Mellempudi et al., "Ternary Neural Networks with Fine-Grained Quantization" (arXiv 1705.01462).
#pragma once

#include <span>

#include "engine/nn/fold.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// `graph` and `weights` are the float network, `folded` the same with batch norm folded, which
/// `quantization` is about. Changes the folded weights and biases and the steps of the quantized weights of
/// every layer that had a batch norm; one scale per tensor becomes one per channel. Channels with gamma = 0
/// keep what they have. images: n x h x w x c. Throws what run_layerwise() throws.
void reestimate_batch_norm(const Graph& graph, const Weights& weights, std::span<const float> images,
                           FoldedNetwork& folded, Quantization& quantization);

}  // namespace nibble
