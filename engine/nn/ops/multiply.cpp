// Gemm of two values:  y[r, c, k] = a[r, c, k] b[r, c, k], or b[k] where b is 1 x 1 x c (a gate per channel).
#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims multiply_output(const Node& node, std::span<const Dims> in) {
    if (in[1] != in[0] && in[1] != Dims{1, 1, in[0].c})
        throw BadInput(node_name(node), "second operand",
                       to_string(in[0]) + " or 1x1x" + std::to_string(in[0].c), to_string(in[1]));
    return in[0];
}

void multiply_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const std::size_t gates = in[1].dims.size();
    for (std::size_t i = 0; i < node.out.size(); ++i) out[i] = in[0].values[i] * in[1].values[i % gates];
}

void multiply_backward(const Node& node, std::span<const OpInput> in, const float* dy,
                       std::span<float* const> dx) {
    const std::size_t gates = in[1].dims.size();
    for (std::size_t i = 0; i < node.out.size(); ++i) {
        if (dx[0]) dx[0][i] += dy[i] * in[1].values[i % gates];
        if (dx[1]) dx[1][i % gates] += dy[i] * in[0].values[i];
    }
}

}  // namespace

const Operation kMultiply{.name = "multiply",
                          .operands = 2,
                          .on_codes = OnCodes::reals,
                          .sign = Sign::of_operands,
                          .fuses = false,
                          .output = multiply_output,
                          .forward = multiply_forward,
                          .backward = multiply_backward};

}  // namespace nibble
