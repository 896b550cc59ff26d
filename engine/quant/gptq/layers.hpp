// GPTQ of a whole network: rounding with error feedback, layer after layer. Each layer's correlations are those of the
// inputs that the layers before it give with their new codes, through the quantizers of the edges; what is rounded are
// the float weights.
#pragma once

#include <functional>
#include <span>

#include "engine/nn/fold.hpp"
#include "engine/quant/calibration/histogram.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::gptq {

/// Layers with more weights in an output channel keep their codes: H would take gigabytes (25,088 inputs, as in the
/// first linear layer of VGG: 5).
inline constexpr std::size_t kMostInputs = 8192;

/// Codes and steps for the weights of a layer.
using Quantize = std::function<QuantizedWeights(int layer, const Array<float>& weights)>;

/// A quantizer of the same scheme with a scale for each channel, from the values of each.
using QuantizeChannels =
    std::function<Quantizer(const Scheme& scheme, const std::vector<Histogram>& channels)>;

/// Towards the outputs of the float network: each layer's weights are fitted to them (fit.hpp), quantized by `quantize`,
/// rounded with feedback, and its bias brings back the float network's mean outputs. Weights and biases in `network` become
/// those; large layers (kMostInputs) are quantized as they are.
///
/// With `channels`, what layers read gets scales by channel in place of those in `quantization`, but for the first layer. They
/// are chosen when the run reaches the layer, from what it then reads; the weights, in `network` too, are those that multiply
/// codes (engine/quant/quantizer.hpp). Throws as below.
void fit_layers(FoldedNetwork& network, std::span<const float> images, const Quantize& quantize,
                Quantization& quantization, const QuantizeChannels& channels = {});

/// Replaces the codes of all layers that have some. images: n x h x w x c. Throws what round_with_feedback(),
/// correlations_of() and run_layerwise() throw.
void round_layers(const FoldedNetwork& network, std::span<const float> images, Quantization& quantization);

}  // namespace nibble::gptq
