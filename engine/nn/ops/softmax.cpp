// Softmax over the channels of one pixel:  y[c] = e^(x[c] - m) / sum over c' of e^(x[c'] - m), m the largest x;
// in double, rounded once.
#include <algorithm>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims softmax_output(const Node& node, std::span<const Dims> in) {
    if (in[0].h != 1 || in[0].w != 1) throw BadInput(node_name(node), "its input", "1x1xc", to_string(in[0]));
    return in[0];
}

void softmax_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const std::span<const float> x(in[0].values, node.out.size());
    const double most = *std::max_element(x.begin(), x.end());
    std::vector<double> powers;
    double sum = 0;
    for (const float v : x) sum += powers.emplace_back(exact_exp(static_cast<double>(v) - most));
    for (const double power : powers) *out++ = static_cast<float>(power / sum);
}

}  // namespace

const Operation kSoftmax{.name = "softmax",
                         .operands = 1,
                         .on_codes = OnCodes::reals,
                         .sign = Sign::non_negative,
                         .fuses = false,
                         .output = softmax_output,
                         .forward = softmax_forward};

}  // namespace nibble
