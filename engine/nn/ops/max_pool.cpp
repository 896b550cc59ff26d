// Maximum pooling:  y[r, c] = the largest x of the window, padding left out. The gradient goes to the first
// largest one; not a number is larger than all.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/math.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims max_pool_output(const Node& node, std::span<const Dims> in) {
    node.window.check_pooling(in[0], node_name(node));
    return node.window.output(in[0], in[0].c);
}

void max_pool_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const auto& [x, dims] = in[0];
    const int channels = dims.c, width = dims.w;
    const float* values = x;
    for (int r = 0; r < node.out.h; ++r)
        for (int c = 0; c < node.out.w; ++c, out += channels) {
            std::fill_n(out, channels, -std::numeric_limits<float>::infinity());
            for_pixels(node.window, dims, r, c, [&](int row, int col) {
                const float* pixel = values + (static_cast<std::size_t>(row) * width + col) * channels;
                for (int k = 0; k < channels; ++k) out[k] = larger(out[k], pixel[k]);
            });
        }
}

void max_pool_backward(const Node& node, std::span<const OpInput> in, const float* dy,
                       std::span<float* const> dx) {
    const auto& [x, dims] = in[0];
    const float* values = x;
    const int width = dims.w;
    constexpr auto kNone = static_cast<std::size_t>(-1);
    const auto channels = static_cast<std::size_t>(dims.c);
    std::vector<std::size_t> winner(channels);
    for (int r = 0; r < node.out.h; ++r)
        for (int c = 0; c < node.out.w; ++c, dy += channels) {
            std::fill(winner.begin(), winner.end(), kNone);
            for_pixels(node.window, dims, r, c, [&](int row, int col) {
                const std::size_t pixel = (static_cast<std::size_t>(row) * width + col) * channels;
                for (std::size_t k = 0; k < channels; ++k) {
                    const float value = values[pixel + k];
                    if (winner[k] == kNone || value > values[winner[k]] || std::isnan(value))
                        winner[k] = pixel + k;
                }
            });
            for (std::size_t k = 0; k < channels; ++k) dx[0][winner[k]] += dy[k];
        }
}

}  // namespace

const Operation kMaxPool{.name = "max_pool",
                         .operands = 1,
                         .on_codes = OnCodes::passes,
                         .sign = Sign::of_operands,
                         .fuses = false,
                         .output = max_pool_output,
                         .forward = max_pool_forward,
                         .backward = max_pool_backward};

}  // namespace nibble
