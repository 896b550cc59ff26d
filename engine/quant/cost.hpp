// What a network costs to run on one image, counted from its graph: the cost model of "Pareto-Optimal
// Quantized ResNet Is Mostly 4-bit" (arXiv 2105.03536), as its reference code has it (compute_cost_utils of
// the library AQT).
//
//     multiplications = sum over layers h_out w_out k_h k_w c_in c_out           (linear layer: c_in c_out)
//     quadratic       = sum multiplications * activation bits * weight bits
//     linear          = sum multiplications * L,   L = the smallest of 4, 8, 16, 32 >= both numbers of bits
//     weight memory   = sum k_h k_w c_in c_out * weight bits
//
// Only convolutions and linear layers count; biases, batch norm, additions, pooling and (de)quantization are
// free. Windows count whole, padding included, so how a network pads changes nothing. bfloat16 is 16 bits.
//
// Quadratic is the area of a multiplier. Linear is the time on hardware that multiplies 4x4, 8x8 and 16x16
// bits, each half as fast as the one before; the paper's classes end at 16, and 32 (f32) continues them.
//
// A sum of tensors multiplies once more for the output channels that have extra terms, and stores those: with a
// share d of dual channels the layer has (1 + d) times the multiplications, weights and weight memory, as papers on
// sums count them. Scales are not counted (QuantizedWeights::bits_per_weight does).
//
// Ours, not the paper's:
//
//     activation memory = sum over layers h_in w_in c_in * activation bits
//
// the values that products read: each layer's whole input, packed, once (not once a window; pixels that a
// strided 1x1 window skips included). An input of two layers (a block's first convolution and its projection)
// counts for both, since each has it quantized its own way. Not counted: padding, and what only additions and
// poolings read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/quant/bits.hpp"

namespace nibble {

/// Of one layer or a whole network, per image.
struct Cost {
    std::uint64_t multiplications = 0;
    std::uint64_t weights = 0;
    std::uint64_t linear = 0;             ///< multiplications x bits
    std::uint64_t quadratic = 0;          ///< multiplications x bits x bits
    std::uint64_t weight_memory = 0;      ///< bits
    std::uint64_t activation_memory = 0;  ///< bits

    Cost& operator+=(const Cost& other);
    friend bool operator==(const Cost&, const Cost&) = default;
};

struct LayerCost {
    std::string name;
    OperandBits bits;
    std::size_t extra_channels = 0;  ///< of sums
    Cost cost;
};

struct NetworkCost {
    std::vector<LayerCost> layers;  ///< in the order of the graph
    Cost total;
};

/// Output channels that a layer's extra terms compute once more, by its name.
using ExtraChannels = std::map<std::string, std::size_t>;

/// Throws BadInput unless `bits` names exactly the graph's layers, with 1 to 32 bits each, and `extra` some
/// of them.
NetworkCost cost_of(const Graph& graph, const BitsByLayer& bits, const ExtraChannels& extra = {});
NetworkCost cost_of(const Graph& graph, const NetworkBits& bits);
/// As a method decided; what it left alone are floats of `float_bits`. The graph is the one that
/// `quantization` is about.
NetworkCost cost_of(const Graph& graph, const Quantization& quantization, int float_bits);

/// The bytes that hold so many bits, packed.
constexpr std::uint64_t bytes_of(std::uint64_t bits) {
    return (bits + 7) / 8;
}

}  // namespace nibble
