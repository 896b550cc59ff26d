// Fully connected layer on a whole activation, whose elements the weights number by channels, rows, columns (as
// PyTorch flattens):
//
//   y[o] = sum over r, c, k of x[r, c, k] W[o, (k h + r) w + c]  (+ b[o])
//
// One chain of fused multiply-adds from 0, by rows, columns, channels; the bias is added at the end.
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims linear_output(const Node& node, std::span<const Dims> in) {
    if (in[0].size() > (std::size_t{1} << 24))
        throw BadInput(node_name(node), "input of a linear layer", "at most 2^24 elements", to_string(in[0]));
    return {1, 1, node.channels};
}

std::vector<Parameter> linear_parameters(const Node& node, Dims in) {
    const auto channels = static_cast<std::size_t>(node.channels);
    std::vector<Parameter> list{{node.name + ".weight", {channels, in.size()}, Start::uniform}};
    if (node.bias) list.push_back({node.name + ".bias", {channels}, Start::uniform});
    return list;
}

void linear_forward(const Node& node, std::span<const OpInput> in, const Weights& weights, float* out) {
    const float* w = weights.at(node.name + ".weight").data();
    const float* bias = node.bias ? weights.at(node.name + ".bias").data() : nullptr;
    const int channels = in[0].dims.c, pixels = in[0].dims.h * in[0].dims.w;
    for (int o = 0; o < node.out.c; ++o) {
        float sum = 0;
        for (int pixel = 0; pixel < pixels; ++pixel)
            for (int k = 0; k < channels; ++k)
                sum = std::fma(in[0].values[pixel * channels + k], w[k * pixels + pixel], sum);
        w += in[0].dims.size();
        sum += 0.0f;  // never -0
        out[o] = bias ? sum + bias[o] : sum;
    }
}

}  // namespace

const Operation kLinear{.name = "linear",
                        .operands = 1,
                        .on_codes = OnCodes::gemm,
                        .sign = Sign::any,
                        .fuses = false,
                        .output = linear_output,
                        .parameters = linear_parameters,
                        .forward = linear_forward};

}  // namespace nibble
