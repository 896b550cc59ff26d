// From a trained float graph and a method's decisions to the integer graph.
//
// Passes, in order: fuse convolution + batch norm + addition + ReLU (engine/nn/fusion.hpp); find out in which
// forms (floats, codes of which quantizer) each value is wanted; move quantization in front of max-pooling;
// emit the steps with scales and batch norm folded into one multiplication and addition per channel.
#pragma once

#include "engine/infer/integer_graph.hpp"

namespace nibble {

/// Throws BadInput when weights or quantization do not fit the graph, or codes quantized by channel would
/// reach anything but convolutions and linear layers (through max-poolings, if need be); Unsupported, naming
/// the node, for a layer that is not quantized or a kind of weights that does not run as integers.
IntegerGraph lower(const Graph& graph, const Weights& weights, const Quantization& quantization);

}  // namespace nibble
