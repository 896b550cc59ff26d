// Clamp (clamp.hpp): ReLU, ReLU6 and hardtanh.
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims clamp_output(const Node& node, std::span<const Dims> in) {
    const auto [low, high] = node.clamp;
    if (!(low < high) || (std::signbit(low) && low == 0))
        throw BadInput(node_name(node), "bounds", "a lower one, not -0, and a higher one",
                       std::to_string(low) + " and " + std::to_string(high));
    return in[0];
}

void clamp_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    for (std::size_t i = 0; i < node.out.size(); ++i) out[i] = node.clamp(in[0].values[i]);
}

}  // namespace

const Operation kClamp{.name = "clamp",
                       .operands = 1,
                       .on_codes = OnCodes::none,
                       .sign = Sign::clamped,
                       .fuses = true,
                       .output = clamp_output,
                       .forward = clamp_forward};

}  // namespace nibble
