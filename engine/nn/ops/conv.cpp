// Convolution:  y[r, c, o] = sum over rows i, columns j of the kernel, channels k of x[.., .., k] W[o, k, i, j]  (+ b[o])
// where k runs over the channels of the group that o belongs to.
//
// One chain of fused multiply-adds from 0, taps in the padding left out; the bias is added at the end.
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims conv_output(const Node& node, std::span<const Dims> in) {
    node.window.check(in[0], node_name(node));
    if (node.groups < 1 || in[0].c % node.groups != 0 || node.channels % node.groups != 0)
        throw BadInput(node_name(node), "groups",
                       "a divisor of " + std::to_string(in[0].c) + " and of " + std::to_string(node.channels),
                       std::to_string(node.groups));
    return node.window.output(in[0], node.channels);
}

std::vector<Parameter> conv_parameters(const Node& node, Dims in) {
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    std::vector<Parameter> list{{node.name + ".weight",
                                 {size(node.channels), size(in.c / node.groups),
                                  size(node.window.rows.kernel), size(node.window.cols.kernel)},
                                 Start::he_normal}};
    if (node.bias) list.push_back({node.name + ".bias", {size(node.channels)}, Start::zeros});
    return list;
}

void conv_forward(const Node& node, std::span<const OpInput> in, const Weights& weights, float* out) {
    const auto& [x, dims] = in[0];
    const WindowAxis &rows = node.window.rows, &cols = node.window.cols;
    const float* w = weights.at(node.name + ".weight").data();
    const float* bias = node.bias ? weights.at(node.name + ".bias").data() : nullptr;
    const int kernel = node.window.taps(), inputs = dims.c / node.groups, outputs = node.out.c / node.groups;
    for (int r = 0; r < node.out.h; ++r)
        for (int c = 0; c < node.out.w; ++c)
            for (int o = 0; o < node.out.c; ++o) {
                const Interval taps_i = rows.taps(r, dims.h), taps_j = cols.taps(c, dims.w);
                float sum = 0;
                for (int i = taps_i.begin; i < taps_i.end; ++i)
                    for (int j = taps_j.begin; j < taps_j.end; ++j) {
                        const float* pixel =
                            x +
                            (static_cast<std::size_t>(rows.source(r, i)) * dims.w + cols.source(c, j)) *
                                dims.c +
                            o / outputs * inputs;
                        const float* tap =
                            w + static_cast<std::size_t>(o) * inputs * kernel + i * cols.kernel + j;
                        for (int k = 0; k < inputs; ++k) sum = std::fma(pixel[k], tap[k * kernel], sum);
                    }
                sum += 0.0f;  // never -0
                *out++ = bias ? sum + bias[o] : sum;
            }
}

}  // namespace

const Operation kConv{.name = "conv",
                      .operands = 1,
                      .on_codes = OnCodes::gemm,
                      .sign = Sign::any,
                      .fuses = false,
                      .output = conv_output,
                      .parameters = conv_parameters,
                      .forward = conv_forward};

}  // namespace nibble
