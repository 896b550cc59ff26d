// Adaptive mean pooling to h x w:  output row r is the mean of the rows floor(r H / h) to ceil((r + 1) H / h) - 1,
// columns likewise; the sum one chain of additions from 0, row by row.
#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims adaptive_output(const Node& node, std::span<const Dims> in) {
    const auto [h, w, c] = node.out;
    if (h < 1 || w < 1)
        throw BadInput(node_name(node), "its output", "at least 1x1",
                       std::to_string(h) + "x" + std::to_string(w));
    return {h, w, in[0].c};
}

Interval inputs(int position, int positions, int size) {
    const auto begin = static_cast<std::int64_t>(position) * size / positions;
    const auto end = ((static_cast<std::int64_t>(position) + 1) * size + positions - 1) / positions;
    return {static_cast<int>(begin), static_cast<int>(end)};
}

/// Calls visit(offset of the pixel in the operand, number of pixels) for the pixels of output (r, c).
template <class Visit>
void for_inputs(const Node& node, Dims in, int r, int c, Visit visit) {
    const Interval rows = inputs(r, node.out.h, in.h), cols = inputs(c, node.out.w, in.w);
    const auto pixels = static_cast<float>((rows.end - rows.begin) * (cols.end - cols.begin));
    for (int row = rows.begin; row < rows.end; ++row)
        for (int col = cols.begin; col < cols.end; ++col)
            visit((static_cast<std::ptrdiff_t>(row) * in.w + col) * in.c, pixels);
}

void adaptive_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const auto& [x, dims] = in[0];
    const float* values = x;
    const int channels = dims.c;
    for (int r = 0; r < node.out.h; ++r)
        for (int c = 0; c < node.out.w; ++c, out += channels) {
            std::fill_n(out, channels, 0.0f);
            float count = 1;
            for_inputs(node, dims, r, c, [&](std::ptrdiff_t pixel, float pixels) {
                count = pixels;
                for (int k = 0; k < channels; ++k) out[k] += values[pixel + k];
            });
            for (int k = 0; k < channels; ++k) out[k] /= count;
        }
}

void adaptive_backward(const Node& node, std::span<const OpInput> in, const float* dy,
                       std::span<float* const> dx) {
    const Dims dims = in[0].dims;
    for (int r = 0; r < node.out.h; ++r)
        for (int c = 0; c < node.out.w; ++c, dy += dims.c)
            for_inputs(node, dims, r, c, [&](std::ptrdiff_t pixel, float pixels) {
                for (int k = 0; k < dims.c; ++k) dx[0][pixel + k] += dy[k] / pixels;
            });
}

}  // namespace

const Operation kAdaptivePool{.name = "adaptive_pool",
                              .operands = 1,
                              .on_codes = OnCodes::reals,
                              .sign = Sign::of_operands,
                              .fuses = false,
                              .output = adaptive_output,
                              .forward = adaptive_forward,
                              .backward = adaptive_backward};

}  // namespace nibble
