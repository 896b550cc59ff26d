// Addition of two values of the same shape.
#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims add_output(const Node& node, std::span<const Dims> in) {
    if (in[0] != in[1]) throw BadInput(node_name(node), "second operand", to_string(in[0]), to_string(in[1]));
    return in[0];
}

void add_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    for (std::size_t i = 0; i < node.out.size(); ++i) out[i] = in[0].values[i] + in[1].values[i];
}

}  // namespace

const Operation kAdd{.name = "add",
                     .operands = 2,
                     .on_codes = OnCodes::sum,
                     .sign = Sign::of_operands,
                     .fuses = true,
                     .output = add_output,
                     .forward = add_forward};

}  // namespace nibble
