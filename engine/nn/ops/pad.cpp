// Pixels of 0 around the image.
#include <algorithm>

#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

Dims pad_output(const Node& node, std::span<const Dims> in) {
    node.window.check(in[0], node_name(node));
    return node.window.output(in[0], in[0].c);
}

/// Calls visit(offset in the operand, offset in the value) for each row of the image.
template <class Visit>
void for_rows(const Node& node, Dims in, Visit visit) {
    for (int r = 0; r < in.h; ++r)
        visit(static_cast<std::ptrdiff_t>(r) * in.w * in.c,
              (static_cast<std::ptrdiff_t>(r + node.window.rows.before) * node.out.w +
               node.window.cols.before) *
                  in.c);
}

void pad_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    std::fill_n(out, node.out.size(), 0.0f);
    const auto& [x, dims] = in[0];
    const float* values = x;
    const int row = dims.w * dims.c;
    for_rows(node, dims,
             [&](std::ptrdiff_t from, std::ptrdiff_t to) { std::copy_n(values + from, row, out + to); });
}

void pad_backward(const Node& node, std::span<const OpInput> in, const float* dy,
                  std::span<float* const> dx) {
    const Dims dims = in[0].dims;
    for_rows(node, dims, [&](std::ptrdiff_t from, std::ptrdiff_t to) {
        for (int i = 0; i < dims.w * dims.c; ++i) dx[0][from + i] += dy[to + i];
    });
}

}  // namespace

const Operation kPad{.name = "pad",
                     .operands = 1,
                     .on_codes = OnCodes::passes,
                     .sign = Sign::of_operands,
                     .fuses = false,
                     .output = pad_output,
                     .forward = pad_forward,
                     .backward = pad_backward};

}  // namespace nibble
