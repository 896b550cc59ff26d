#include "engine/infer/passing.hpp"

#include "engine/nn/ops/channels.hpp"

namespace nibble {
namespace {

bool alike(const Quantizer& a, const Quantizer& b) {
    Quantizer c = b;
    c.multipliers = a.multipliers;
    return a == c && a.multipliers.empty() == b.multipliers.empty();
}

}  // namespace

bool moves_channels(const Node& node) {
    return node.op == Op::concat || node.op == Op::slice || node.op == Op::shuffle;
}

std::vector<PassedChannel> passed_channels(const Node& node, std::span<const Dims> in) {
    std::vector<PassedChannel> from;
    if (node.op != Op::concat)
        for (int c = 0; c < node.out.c; ++c) from.push_back({0, picked_channel(node, c)});
    else
        for (std::size_t k = 0; k < in.size(); ++k)
            for (int c = 0; c < in[k].c; ++c) from.push_back({static_cast<int>(k), c});
    return from;
}

Quantizer quantizer_of_operand(const Node& node, std::span<const Dims> in, int operand,
                               const Quantizer& wanted) {
    if (!wanted.by_channel() || !moves_channels(node)) return wanted;
    Quantizer own = wanted;
    own.multipliers.assign(static_cast<std::size_t>(in[static_cast<std::size_t>(operand)].c), 0);
    const auto from = passed_channels(node, in);
    float first = 0;
    for (std::size_t c = 0; c < from.size(); ++c)
        if (from[c].operand == operand) {
            own.multipliers[static_cast<std::size_t>(from[c].channel)] = wanted.multipliers[c];
            if (first == 0) first = wanted.multipliers[c];
        }
    for (float& m : own.multipliers)
        if (m == 0) m = first;
    return own;
}

std::optional<Quantizer> passed_quantizer(const Node& node, std::span<const Dims> in,
                                          std::span<const Quantizer* const> operands) {
    Quantizer value = *operands[0];
    for (const Quantizer* q : operands)
        if (!alike(*q, value)) return std::nullopt;
    if (!value.by_channel() || !moves_channels(node)) return value;
    value.multipliers.clear();
    for (const auto& [operand, channel] : passed_channels(node, in))
        value.multipliers.push_back(
            operands[static_cast<std::size_t>(operand)]->multipliers[static_cast<std::size_t>(channel)]);
    return value;
}

}  // namespace nibble
