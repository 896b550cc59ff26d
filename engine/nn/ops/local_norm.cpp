// Local response normalization (Krizhevsky et al. 2012), over channels, as PyTorch defines it:
//
//   y[c] = x[c] / (k + alpha / size * sum over c' in [c - size / 2, c + (size - 1) / 2] of x[c']^2)^beta
//
// in double, rounded once.
#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims local_norm_output(const Node& node, std::span<const Dims> in) {
    const auto [size, alpha, beta, k] = node.local;
    if (size < 1 || !(alpha >= 0) || !(k > 0) || !std::isfinite(alpha) || !std::isfinite(beta) ||
        !std::isfinite(k))
        throw BadInput(node_name(node), "local response normalization",
                       "size of at least 1, alpha of at least 0, positive k", "other numbers");
    return in[0];
}

void local_norm_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const auto [size, alpha, beta, k] = node.local;
    const Dims dims = in[0].dims;
    for (std::size_t pixel = 0; pixel < dims.size(); pixel += static_cast<std::size_t>(dims.c)) {
        const float* x = in[0].values + pixel;
        for (int c = 0; c < dims.c; ++c) {
            double squares = 0;
            for (int i = std::max(0, c - size / 2); i <= std::min(dims.c - 1, c + (size - 1) / 2); ++i)
                squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
            const double base = static_cast<double>(k) + static_cast<double>(alpha) / size * squares;
            *out++ = static_cast<float>(static_cast<double>(x[c]) *
                                        exact_exp(-static_cast<double>(beta) * exact_log(base)));
        }
    }
}

}  // namespace

const Operation kLocalNorm{.name = "local_norm",
                           .operands = 1,
                           .on_codes = OnCodes::reals,
                           .sign = Sign::of_operands,
                           .fuses = false,
                           .output = local_norm_output,
                           .forward = local_norm_forward};

}  // namespace nibble
