// ReLU:  y = x <= 0 ? 0 : x  (not a number stays what it is)
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

void relu_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const float* x = in[0].values;
    for (std::size_t i = 0; i < node.out.size(); ++i) out[i] = x[i] <= 0 ? 0.0f : x[i];
}

}  // namespace

const Operation kRelu{.name = "relu",
                      .operands = 1,
                      .on_codes = OnCodes::none,
                      .sign = Sign::non_negative,
                      .fuses = true,
                      .output = [](const Node&, std::span<const Dims> in) { return in[0]; },
                      .forward = relu_forward};

}  // namespace nibble
