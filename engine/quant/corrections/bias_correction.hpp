// Bias correction: quantized weights and inputs shift the mean of a layer's output, and later layers pass the
// shift on. Measured on calibration images and taken off the bias of each output channel,
//
//     b <- b - (E[y^] - E[y]),   E over images and pixels,
//
// y the output of the float network in front of activation functions and additions, y^ that of the quantized
// network with all layers before corrected already, layer by layer.
//
// Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (arXiv
// 1906.04721), equation 1 and the empirical form of appendix D. The correction of weights in Banner et al.,
// "Post training 4-bit quantization of convolutional networks for rapid-deployment" (2019), adds a constant
// to all weights of a channel, which codes without a zero point cannot express; this one covers its mean
// effect.
#pragma once

#include <span>
#include <vector>

#include "engine/nn/fold.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// Corrects the biases in `folded`, whose weights are still the float network's, as `quantization` quantizes
/// them. Layers without a bias stay as they are. images: n x h x w x c. Throws what run_layerwise() throws.
/// Returns what is left to differ, by layer: the deviation of its sums over that in the float network,
/// sqrt(sum_c var(y^_c) / sum_c var(y_c)).
std::vector<double> correct_biases(std::span<const float> images, FoldedNetwork& folded,
                                   const Quantization& quantization);

}  // namespace nibble
