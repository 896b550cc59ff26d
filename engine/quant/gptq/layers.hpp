// GPTQ of a whole network: rounding with error feedback, layer after layer. Each layer's correlations are those of the
// inputs that the layers before it give with their new codes, through the quantizers of the edges; what is rounded are
// the float weights.
#pragma once

#include <span>

#include "engine/nn/fold.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::gptq {

/// Layers with more weights in an output channel keep their codes: H would take gigabytes (25,088 inputs, as in the
/// first linear layer of VGG: 5).
inline constexpr std::size_t kMostInputs = 8192;

/// Replaces the codes of all layers that have some. images: n x h x w x c. Throws what round_with_feedback(),
/// correlations_of() and run_layerwise() throw.
void round_layers(const FoldedNetwork& network, std::span<const float> images, Quantization& quantization);

}  // namespace nibble::gptq
