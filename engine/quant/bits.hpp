// How many bits the operands of each layer's products have, and the names of such choices:
//
//     f32, bf16    every operand a float of 32 or 16 bits
//     w4a8         4-bit weights, 8-bit activations
//     w4a16        weights only: activations stay bfloat16
//     w4a4e8       the same, but first and last layer at 8 bits (those operands of theirs that are quantized)
//
// Layers are the convolutions and linear layers, in the order of the graph: the first reads the image, the
// last makes the logits.
#pragma once

#include <map>
#include <string>

#include "engine/nn/graph.hpp"
#include "engine/nn/numerics.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

struct OperandBits {
    int weights = 16, activations = 16;
    friend bool operator==(const OperandBits&, const OperandBits&) = default;
};

/// One choice for a whole network. With a single layer, that is the first.
struct NetworkBits {
    OperandBits first, inner, last;
    friend bool operator==(const NetworkBits&, const NetworkBits&) = default;
};

/// By the layer's name.
using BitsByLayer = std::map<std::string, OperandBits>;

/// "f32", "bf16", "w4a8"
std::string to_string(const OperandBits& bits);
/// The names above: bits are 1 to 8, or 16. Throws BadInput for everything else, second spellings included
/// ("w16a16", "w8a8e8").
NetworkBits network_bits_from(const std::string& text);
/// What products multiply: bf16 training keeps float weights for the optimizer, but multiplies bfloat16.
NetworkBits network_bits_of(Numerics numerics);

BitsByLayer bits_by_layer(const Graph& graph, const NetworkBits& bits);
/// As a method decided, of a sum those of one term; what it left alone are floats of `float_bits`. The graph
/// is the one that `quantization` is about.
BitsByLayer bits_by_layer(const Graph& graph, const Quantization& quantization, int float_bits);

}  // namespace nibble
