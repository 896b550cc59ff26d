// What moves channels about: concatenation, slices, and the shuffle of ShuffleNet (Zhang et al. 2017).
//
//   concat   y = all channels of the first operand, then those of the second, ...
//   slice    y[k] = x[first + k]
//   shuffle  y[i g + j] = x[j n + i] for g groups of n channels
#include "engine/nn/ops/channels.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/ops/list.hpp"

namespace nibble {
namespace {

constexpr int kMost = 1 << 24;

Dims concat_output(const Node& node, std::span<const Dims> in) {
    Dims out = in[0];
    for (const Dims& d : in.subspan(1)) {
        if (d.h != out.h || d.w != out.w)
            throw BadInput(node_name(node), "operands",
                           "all " + std::to_string(out.h) + "x" + std::to_string(out.w), to_string(d));
        if (d.c > kMost - out.c) throw BadInput(node_name(node), "channels", "at most 2^24", "more");
        out.c += d.c;
    }
    return out;
}

void concat_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const int pixels = node.out.h * node.out.w;
    for (int p = 0; p < pixels; ++p)
        for (const auto& [values, dims] : in)
            out = std::copy_n(values + static_cast<std::ptrdiff_t>(p) * dims.c, dims.c, out);
}

void concat_backward(const Node& node, std::span<const OpInput> in, const float* dy,
                     std::span<float* const> dx) {
    const int pixels = node.out.h * node.out.w;
    for (int p = 0; p < pixels; ++p)
        for (std::size_t k = 0; k < in.size(); dy += in[k++].dims.c) {
            const int channels = in[k].dims.c;
            for (int c = 0; dx[k] && c < channels; ++c)
                dx[k][static_cast<std::ptrdiff_t>(p) * channels + c] += dy[c];
        }
}

Dims slice_output(const Node& node, std::span<const Dims> in) {
    if (node.first < 0 || node.channels < 1 || node.channels > in[0].c ||
        node.first > in[0].c - node.channels)
        throw BadInput(node_name(node), "channels", "some of the " + std::to_string(in[0].c),
                       std::to_string(node.channels) + " from number " + std::to_string(node.first));
    return {in[0].h, in[0].w, node.channels};
}

Dims shuffle_output(const Node& node, std::span<const Dims> in) {
    if (node.groups < 1 || in[0].c % node.groups != 0)
        throw BadInput(node_name(node), "groups", "a divisor of " + std::to_string(in[0].c),
                       std::to_string(node.groups));
    return in[0];
}

void pick_forward(const Node& node, std::span<const OpInput> in, const Weights&, float* out) {
    const int pixels = node.out.h * node.out.w;
    for (int p = 0; p < pixels; ++p)
        for (int c = 0; c < node.out.c; ++c)
            *out++ = in[0].values[static_cast<std::ptrdiff_t>(p) * in[0].dims.c + picked_channel(node, c)];
}

void pick_backward(const Node& node, std::span<const OpInput> in, const float* dy,
                   std::span<float* const> dx) {
    const int pixels = node.out.h * node.out.w;
    for (int p = 0; p < pixels; ++p)
        for (int c = 0; c < node.out.c; ++c)
            dx[0][static_cast<std::ptrdiff_t>(p) * in[0].dims.c + picked_channel(node, c)] += *dy++;
}

}  // namespace

int picked_channel(const Node& node, int c) {
    if (node.op == Op::slice) return node.first + c;
    return c % node.groups * (node.out.c / node.groups) + c / node.groups;
}

const Operation kConcat{.name = "concat",
                        .operands = kAnyNumber,
                        .on_codes = OnCodes::passes,
                        .sign = Sign::of_operands,
                        .fuses = false,
                        .output = concat_output,
                        .forward = concat_forward,
                        .backward = concat_backward};
const Operation kSlice{.name = "slice",
                       .operands = 1,
                       .on_codes = OnCodes::passes,
                       .sign = Sign::of_operands,
                       .fuses = false,
                       .output = slice_output,
                       .forward = pick_forward,
                       .backward = pick_backward};
const Operation kShuffle{.name = "shuffle",
                         .operands = 1,
                         .on_codes = OnCodes::passes,
                         .sign = Sign::of_operands,
                         .fuses = false,
                         .output = shuffle_output,
                         .forward = pick_forward,
                         .backward = pick_backward};

}  // namespace nibble
