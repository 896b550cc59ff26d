// Option-A shortcut (He et al. 2015): keeps every stride-th row and column, pads channels with zeros on both
// sides.
#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"
#include "engine/nn/shortcut.hpp"

namespace nibble {
namespace {

Dims shortcut_output(const Node& node, std::span<const Dims> in) {
    if (node.stride < 1) throw BadInput(node_name(node), "stride", "at least 1", std::to_string(node.stride));
    if (node.channels < in[0].c)
        throw BadInput(node_name(node), "channels", "at least those of its input, " + std::to_string(in[0].c),
                       std::to_string(node.channels));
    return {(in[0].h - 1) / node.stride + 1, (in[0].w - 1) / node.stride + 1, node.channels};
}

void shortcut_value(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    shortcut_forward(sizeof(float), in[0].values, in[0].dims, node.stride, out, node.out);
}

void shortcut_gradient(const Node& node, std::span<const OpInput> in, const float* dy,
                       std::span<float* const> dx) {
    std::vector<float> expanded(in[0].dims.size());
    shortcut_backward(sizeof(float), dy, node.out, node.stride, expanded.data(), in[0].dims);
    for (std::size_t i = 0; i < expanded.size(); ++i) dx[0][i] += expanded[i];
}

}  // namespace

const Operation kShortcutA{.name = "shortcut",
                           .operands = 1,
                           .on_codes = OnCodes::passes,
                           .sign = Sign::of_operands,
                           .fuses = false,
                           .output = shortcut_output,
                           .forward = shortcut_value,
                           .backward = shortcut_gradient};

}  // namespace nibble
