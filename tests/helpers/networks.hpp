// Random networks for tests: weights, images, and a small quantized network with a step of every kind.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/infer/integer_graph.hpp"
#include "engine/nn/graph.hpp"
#include "engine/quant/maxabs/maxabs.hpp"

namespace nibble::test {

/// Of magnitudes that keep activations near 1; running variances are positive.
Weights random_weights(const Graph& graph, std::uint32_t stream);

/// Of all parameters, by name.
std::map<std::string, Shape> shapes(const Graph& graph);

/// n images of normally distributed values.
std::vector<float> random_images(Dims dims, std::size_t n, std::uint32_t stream);

/// Max-abs quantization, calibrated on four random images.
Quantization quantize(const FoldedNetwork& network, const MaxAbs& options, std::uint32_t stream);

/// Gives the convolution or linear layer `reader` codes quantized by channel: multipliers from half the one
/// it had up, folded into its weights, which are quantized anew with max-abs.
void quantize_by_channel(const Graph& graph, const Weights& weights, int reader, Quantization& quantization,
                         std::uint32_t stream);

/// A sum by max-abs: each further term, for a random half of the channels, quantizes what those before left.
QuantizedWeights quantize_as_sum(const Array<float>& weights, const Scheme& scheme, std::uint32_t stream);

/// All five operations on 8 x 7 x 3 images in 5 classes: weights of 8 and 4 bits and ternary in groups that
/// do not divide, per tensor and per channel, and a sum; a residual of codes and one of floats; a value
/// stored in three ways; activations quantized by channel, in front of a max-pooling and after an average.
IntegerGraph small_integer_network(std::uint32_t stream);

/// Branches, groups, gates and functions: what residual networks do not have.
Graph branching_network(std::uint32_t stream);
/// Makes some inputs of products codes with a scale per channel, and gives some functions, gates and means codes to
/// read.
void quantize_edges(const FoldedNetwork& network, Quantization& quantization, std::uint32_t stream);
/// A branching network that runs as integers.
IntegerGraph branching_integer_network(std::uint32_t stream);

}  // namespace nibble::test
