// Dropout (Srivastava et al. 2014): y = x outside training.
#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims dropout_output(const Node& node, std::span<const Dims> in) {
    if (!(node.rate >= 0) || !(node.rate < 1))
        throw BadInput(node_name(node), "rate", "at least 0 and below 1", std::to_string(node.rate));
    return in[0];
}

void dropout_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    std::copy_n(in[0].values, node.out.size(), out);
}

}  // namespace

const Operation kDropout{.name = "dropout",
                         .operands = 1,
                         .on_codes = OnCodes::passes,
                         .sign = Sign::of_operands,
                         .fuses = false,
                         .output = dropout_output,
                         .forward = dropout_forward};

}  // namespace nibble
