// Fully connected layer on a 1 x 1 x c activation:  y[o] = sum over k of x[k] W[o, k]  (+ b[o])
//
// One chain of fused multiply-adds from 0; the bias is added at the end.
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims linear_output(const Node& node, std::span<const Dims> in) {
    if (in[0].h != 1 || in[0].w != 1)
        throw BadInput(node_name(node), "input of a linear layer", "1x1xc", to_string(in[0]));
    return {1, 1, node.channels};
}

std::vector<Parameter> linear_parameters(const Node& node, Dims in) {
    const auto channels = static_cast<std::size_t>(node.channels);
    std::vector<Parameter> list{
        {node.name + ".weight", {channels, static_cast<std::size_t>(in.c)}, Start::uniform}};
    if (node.bias) list.push_back({node.name + ".bias", {channels}, Start::uniform});
    return list;
}

void linear_forward(const Node& node, std::span<const OpInput> in, const Weights& weights, float* out) {
    const float* w = weights.at(node.name + ".weight").data();
    const float* bias = node.bias ? weights.at(node.name + ".bias").data() : nullptr;
    for (int o = 0; o < node.out.c; ++o) {
        float sum = 0;
        for (int k = 0; k < in[0].dims.c; ++k) sum = std::fma(in[0].values[k], *w++, sum);
        sum += 0.0f;  // never -0
        out[o] = bias ? sum + bias[o] : sum;
    }
}

}  // namespace

const Operation kLinear{.name = "linear",
                        .operands = 1,
                        .on_codes = OnCodes::product,
                        .sign = Sign::any,
                        .fuses = false,
                        .output = linear_output,
                        .parameters = linear_parameters,
                        .forward = linear_forward};

}  // namespace nibble
