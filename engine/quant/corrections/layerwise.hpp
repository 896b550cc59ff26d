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

/// images: n x h x w x c. The same bits for any number of threads. Throws BadInput when weights,
/// quantization or images do not fit or there is no image; Unsupported for a graph with batch norm (fold it
/// first).
void run_layerwise(const Graph& graph, const Weights& weights, const Quantization& quantization,
                   std::span<const float> images, const Decide& decide);

/// The layer's bias, zeros without one, and a scale of 1: what changes nothing.
ChannelMap unchanged(const Graph& graph, const Weights& weights, int layer);

}  // namespace nibble
