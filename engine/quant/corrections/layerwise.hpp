// A network run layer by layer: all calibration images pass a layer before any of them goes on, so that what
// the layer's output becomes can be decided from its own sums over all images, behind layers for which that
// was decided already.
//
// Quantized as integers compute it, but in f32: weights are the values their codes stand for, and what a node
// reads is rounded to the codes of that edge, if it has a quantizer. Of every image the values are kept that
// later nodes still read, and no others: for residual networks ten times the images' own size.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/core/tensor.hpp"
#include "engine/nn/graph.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// By output channel, over all images and pixels; the variance is the mean square deviation.
struct Moments {
    Vector<double> mean, variance;
};

/// What becomes of a layer's sums, by output channel: scale * sum + shift, in place of sum + bias.
struct ChannelMap {
    Vector<float> scale, shift;
};

/// Called for every convolution and linear layer in order, with its node and the moments of its sums of
/// products (without bias).
using Decide = std::function<ChannelMap(int layer, const Moments& sums)>;

/// What a layer reads of an image, h x w x c: the values of its codes where the edge has a quantizer.
using Operand = std::function<std::vector<float>(std::size_t image)>;
/// Called for the same layers before they compute; may give the layer other codes in the quantization that runs.
using Prepare = std::function<void(int layer, const Operand& operand)>;

/// images: n x h x w x c. The same bits for any number of threads. Throws BadInput when weights,
/// quantization or images do not fit or there is no image; Unsupported for a graph with batch norm (fold it
/// first).
void run_layerwise(const Graph& graph, const Weights& weights, const Quantization& quantization,
                   std::span<const float> images, const Decide& decide, const Prepare& prepare = {});

/// What a layer gives of an image in the float network, h x w x c, bias included.
using Target = std::function<const std::vector<float>&(std::size_t image)>;

/// As Prepare and Decide, with what the float network made of the same layer before.
struct BesideFloats {
    std::function<void(int layer, const Operand& operand, const Target& target)> prepare;
    std::function<ChannelMap(int layer, const Moments& sums, const Moments& floats)> decide;
};

/// The quantized network with the float one beside it, layer by layer: for corrections that compare the two. Needs the
/// memory of two runs. Throws as above.
void run_beside_floats(const Graph& graph, const Weights& weights, const Quantization& quantization,
                       std::span<const float> images, const BesideFloats& beside);

/// The layer's bias, zeros without one, and a scale of 1: what changes nothing.
ChannelMap unchanged(const Graph& graph, const Weights& weights, int layer);

}  // namespace nibble
