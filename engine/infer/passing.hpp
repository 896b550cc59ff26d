// Operations that hand codes on as they are: what they make of the quantizers of their operands.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// A channel of one of the operands.
struct PassedChannel {
    int operand, channel;
};

/// By channel of the value of a concatenation, slice or shuffle: where it comes from.
std::vector<PassedChannel> passed_channels(const Node& node, std::span<const Dims> in);

/// True for these three: every pixel is made of channels of the same pixel.
bool moves_channels(const Node& node);

/// The quantizer that operand number `operand` must have for the value to have `wanted`: the same, or that of its
/// own channels; channels that do not get into the value have the multiplier of the first that does.
Quantizer quantizer_of_operand(const Node& node, std::span<const Dims> in, int operand,
                               const Quantizer& wanted);

/// The quantizer of the value; nothing where operands do not agree on one. All are floats or all are codes.
std::optional<Quantizer> passed_quantizer(const Node& node, std::span<const Dims> in,
                                          std::span<const Quantizer* const> operands);

}  // namespace nibble
