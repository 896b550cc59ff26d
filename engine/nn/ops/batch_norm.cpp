// Batch norm by its running statistics:  y = s x + t,  s = gamma / sqrt(var + eps),  t = beta - mean s
//
// s and t in double, rounded to float once; y by a fused multiply-add.
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/nn/fold.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims batch_norm_output(const Node& node, std::span<const Dims> in) {
    if (!(node.eps > 0) || !std::isfinite(node.eps))
        throw BadInput(node_name(node), "eps", "a positive number", std::to_string(node.eps));
    return in[0];
}

std::vector<Parameter> batch_norm_parameters(const Node& node, Dims in) {
    const Shape per_channel{static_cast<std::size_t>(in.c)};
    return {{node.name + ".weight", per_channel, Start::ones},
            {node.name + ".bias", per_channel, Start::zeros},
            {node.name + ".running_mean", per_channel, Start::zeros},
            {node.name + ".running_var", per_channel, Start::ones}};
}

void batch_norm_forward(const Node& node, std::span<const OpInput> in, const Weights& weights, float* out) {
    const auto& [x, dims] = in[0];
    for (int c = 0; c < dims.c; ++c) {
        const NormScale norm = norm_scale(weights, node, c);
        const auto scale = static_cast<float>(norm.scale), shift = static_cast<float>(norm.shift);
        for (std::size_t i = static_cast<std::size_t>(c); i < dims.size();
             i += static_cast<std::size_t>(dims.c))
            out[i] = std::fma(scale, x[i], shift);
    }
}

}  // namespace

const Operation kBatchNorm{.name = "batch_norm",
                           .operands = 1,
                           .on_codes = OnCodes::none,
                           .sign = Sign::any,
                           .fuses = true,
                           .output = batch_norm_output,
                           .parameters = batch_norm_parameters,
                           .forward = batch_norm_forward};

}  // namespace nibble
