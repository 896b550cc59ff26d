// A quantized network: the float graph, and what stands in for its weights and passes along its edges.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/quant/quantizer.hpp"
#include "engine/quant/scheme.hpp"

namespace nibble {

/// One more term of a sum, for some output channels: codes [outputs][in][kh][kw] and a step each. Channels
/// that a single term approximates well have no part in it and cost nothing.
struct ExtraTerm {
    std::vector<std::uint32_t> outputs;  ///< ascending
    std::vector<std::int8_t> codes;
    std::vector<float> steps;
};

/// Weights of one layer as codes, [out][in][kh][kw] (linear: [out][in]).
///
///   W[o, i, h, w] ~ codes[o, i, h, w] * multipliers[o, i / group, h, w] * steps[o]
///
/// The multipliers are there for granularity `group` only: group scales as small integers (at most 127 for
/// ternary codes, 15 for 4-bit ones of the full range), so that a code times its multiplier is a signed byte
/// and one float scale per output channel is left. For granularity `tensor` there is a single step. Steps may
/// be negative: -8..7 times a negative step reaches further up than down.
///
/// A sum has `terms` - 1 extra terms, each for its own channels, added to these values. As integers: one more
/// product for these channels only.
struct QuantizedWeights {
    Scheme scheme;
    Shape shape;
    std::vector<std::int8_t> codes;
    std::vector<float> steps;
    std::vector<std::uint8_t> multipliers;
    std::vector<ExtraTerm> extra{};  ///< of a sum

    std::size_t outputs() const { return shape[0]; }
    float step(std::size_t output) const { return steps[steps.size() == 1 ? 0 : output]; }
    /// Where the multiplier of code number `i` is. Only for granularity `group`.
    std::size_t multiplier_index(std::size_t i) const;
    /// Output channels of all terms: those of the first, then those of each extra term. Products compute all of them.
    std::size_t term_channels() const;
    /// Number `i` of all their codes, with its multiplier.
    int product_of(std::size_t i) const;
    Array<float> values() const;

    /// Bytes in a file: packed codes, 4 per step, 1 per multiplier; per channel of an extra term 4 more, for
    /// its number.
    std::size_t bytes() const;
    /// What a code of p bits costs in papers: p bits per code, 32 per step, 8 per multiplier, over the number
    /// of weights. For a share d of channels with n weights in a sum of two: (1 + d)(p + 32 / n).
    double bits_per_weight() const;
};

/// Groups of input channels, the last one smaller where `group` does not divide their number.
std::size_t groups_of(std::size_t inputs, int group);

/// Throws BadInput, naming the layer, unless sizes fit, codes lie in the scheme's range, steps are finite and
/// not 0 (but for a channel whose codes are all 0), and multipliers keep products within a byte.
void check(const QuantizedWeights& weights, const std::string& layer);

/// A node and which of its inputs.
struct GraphEdge {
    int reader = 0, operand = 0;
    friend auto operator<=>(const GraphEdge&, const GraphEdge&) = default;
};

/// What a method decided. Edges without a quantizer carry floats: those into additions and poolings may,
/// those into convolutions and linear layers may not if the network is to run as integers.
struct Quantization {
    std::map<std::string, QuantizedWeights> layers;  ///< by the name of the convolution or linear layer
    std::map<GraphEdge, Quantizer> edges;
};

/// Throws BadInput unless every edge is one of the graph's and its quantizer is valid and fits what passes:
/// scales per channel as many as there are, and only where a convolution or linear layer reads.
void check(const std::map<GraphEdge, Quantizer>& edges, const Graph& graph);
/// The same, and every layer is one of the network's, valid and of the shape of its weights.
void check(const Quantization& quantization, const Graph& graph, const Weights& weights);

}  // namespace nibble
