// Mean pooling:  y[r, c] = (sum of the window) / n, the sum one chain of additions from 0, row by row; n counts
// all taps of the window, or those that lie in the image. Global pooling has a window of the whole image.
#include <algorithm>

#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Window window_of(const Node& node, Dims in) {
    return node.op == Op::global_pool ? Window(in.h, in.w) : node.window;
}

/// What the sum of output (r, c) is divided by.
float divisor(const Node& node, const Window& window, Dims in, int r, int c) {
    return static_cast<float>(node.count_padding ? window.taps() : window.taps_inside(in, r, c));
}

Dims avg_pool_output(const Node& node, std::span<const Dims> in) {
    const Window window = window_of(node, in[0]);
    window.check_pooling(in[0], node_name(node));
    return window.output(in[0], in[0].c);
}

void avg_pool_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const float* values = in[0].values;
    const Dims dims = in[0].dims;
    const Window window = window_of(node, dims);
    for (int r = 0; r < node.out.h; ++r)
        for (int c = 0; c < node.out.w; ++c, out += dims.c) {
            std::fill_n(out, dims.c, 0.0f);
            for_pixels(window, dims, r, c, [&](int row, int col) {
                const float* pixel = values + (static_cast<std::size_t>(row) * dims.w + col) * dims.c;
                for (int k = 0; k < dims.c; ++k) out[k] += pixel[k];
            });
            const float n = divisor(node, window, dims, r, c);
            for (int k = 0; k < dims.c; ++k) out[k] /= n;
        }
}

void avg_pool_backward(const Node& node, std::span<const OpInput> in, const float* dy,
                       std::span<float* const> dx) {
    const Dims dims = in[0].dims;
    const Window window = window_of(node, dims);
    for (int r = 0; r < node.out.h; ++r)
        for (int c = 0; c < node.out.w; ++c, dy += dims.c) {
            const float n = divisor(node, window, dims, r, c);
            for_pixels(window, dims, r, c, [&](int row, int col) {
                float* pixel = dx[0] + (static_cast<std::size_t>(row) * dims.w + col) * dims.c;
                for (int k = 0; k < dims.c; ++k) pixel[k] += dy[k] / n;
            });
        }
}

constexpr Operation mean_pooling(const char* name) {
    return {.name = name,
            .operands = 1,
            .on_codes = OnCodes::sum,
            .sign = Sign::of_operands,
            .fuses = false,
            .output = avg_pool_output,
            .forward = avg_pool_forward,
            .backward = avg_pool_backward};
}

}  // namespace

const Operation kAvgPool = mean_pooling("avg_pool");
const Operation kGlobalPool = mean_pooling("global_pool");

}  // namespace nibble
