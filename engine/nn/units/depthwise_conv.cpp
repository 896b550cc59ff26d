#include "engine/nn/units/depthwise_conv.hpp"

#include <algorithm>

#include "engine/core/bf16.hpp"

namespace nibble {

DepthwiseConvUnit::DepthwiseConvUnit(const Context& context, Edge input, Dims dims, const Options& options)
    : WeightedUnit(context, input, dims, options, /*by_tap=*/true) {
    const auto& [rows, cols] = options.window;
    for (int i = 0; i < rows.kernel; ++i)
        for (int j = 0; j < cols.kernel; ++j) {
            x_at_.push_back(i * rows.dilation * x_border_.row_stride(in_.c) +
                            static_cast<std::ptrdiff_t>(j) * cols.dilation * in_.c);
            weights_at_.push_back(static_cast<std::ptrdiff_t>(weights_at_.size()) * dims.c);
        }
    dy_border_ = {0, 0, dims.h, dims.w};
    if (context.training) plan_phases();
}

void DepthwiseConvUnit::plan_phases() {
    const auto& [window_rows, window_cols] = options_.window;
    if (input_.from->wants_gradient()) {
        dy_border_ = gradient_border();
        for (const GradientPhase& rows : gradient_phases(window_rows, in_.h))
            for (const GradientPhase& cols : gradient_phases(window_cols, in_.w)) add_phase(rows, cols);
    }
    for (int r = 0; r < dims_.h; ++r)
        for (int c = 0; c < dims_.w; ++c) {
            pixels_of_x_.push_back(r * window_rows.stride * x_border_.row_stride(in_.c) +
                                   static_cast<std::ptrdiff_t>(c) * window_cols.stride * in_.c);
            pixels_of_dy_.push_back((r + dy_border_.top) * dy_border_.row_stride(dims_.c) +
                                    static_cast<std::ptrdiff_t>(c + dy_border_.left) * dims_.c);
        }
}

void DepthwiseConvUnit::add_phase(const GradientPhase& rows, const GradientPhase& cols) {
    Phase& phase = phases_.emplace_back(Phase{rows, cols, {}, {}});
    for (int i = 0; i < rows.window.kernel; ++i)
        for (int j = 0; j < cols.window.kernel; ++j) {
            const int row = rows.window.source(0, i) + dy_border_.top,
                      col = cols.window.source(0, j) + dy_border_.left;
            const int tap = rows.taps[i] * options_.window.cols.kernel + cols.taps[j];
            phase.dy_at.push_back(row * dy_border_.row_stride(dims_.c) +
                                  static_cast<std::ptrdiff_t>(col) * dims_.c);
            phase.weights_at.push_back(static_cast<std::ptrdiff_t>(tap) * dims_.c);
        }
}

void DepthwiseConvUnit::pack(const float* forward, const float* backward) {
    const int taps = options_.window.taps();
    const bool bf16 = context_.numerics == Numerics::bf16;
    const auto by_tap = [&](const float* weight, std::vector<float>& to) {
        to.resize(static_cast<std::size_t>(taps) * dims_.c);
        for (int tap = 0; tap < taps; ++tap)
            for (int c = 0; c < dims_.c; ++c) {
                const float w = weight[c * taps + tap];
                to[tap * dims_.c + c] = bf16 ? to_float(to_bf16(w)) : w;
            }
    };
    by_tap(forward, forward_);
    if (context_.training) by_tap(backward, backward_);
}

const float* DepthwiseConvUnit::widened_operand(const void* operand, const Border& border,
                                                Buffer& buffer) const {
    if (context_.operand_bytes() == 4) return static_cast<const float*>(operand);
    const std::size_t count = static_cast<std::size_t>(border.rows) * border.cols * dims_.c;
    auto* to = buffer.reserve_as<float>(count);
    for (std::size_t i = 0; i < count; ++i) to[i] = to_float(static_cast<const Bf16*>(operand)[i]);
    return to;
}

void DepthwiseConvUnit::multiply(const void* x, float* out, Scratch& scratch) {
    const auto& [rows, cols] = options_.window;
    const float* operand = widened_operand(x, x_border_, scratch.gathered);
    for (int r = 0; r < dims_.h; ++r)
        context_.kernels.channel_sums({.a = operand + r * rows.stride * x_border_.row_stride(in_.c),
                                       .b = forward_.data(),
                                       .a_at = x_at_.data(),
                                       .b_at = weights_at_.data(),
                                       .terms = options_.window.taps(),
                                       .pixels = dims_.w,
                                       .channels = dims_.c,
                                       .a_stride = static_cast<std::ptrdiff_t>(cols.stride) * in_.c,
                                       .out_stride = dims_.c,
                                       .add = false,
                                       .out = out + static_cast<std::ptrdiff_t>(r) * dims_.w * dims_.c});
}

void DepthwiseConvUnit::weight_gradient(const void* x, const void* dy, float* gradient, Scratch& scratch) {
    const float* operand = widened_operand(x, x_border_, scratch.gathered);
    const float* dy_values = widened_operand(dy, dy_border_, scratch.image2);
    for (std::size_t tap = 0; tap < x_at_.size(); ++tap)
        context_.kernels.channel_sums({.a = operand + x_at_[tap],
                                       .b = dy_values,
                                       .a_at = pixels_of_x_.data(),
                                       .b_at = pixels_of_dy_.data(),
                                       .terms = static_cast<int>(pixels_of_x_.size()),
                                       .pixels = 1,
                                       .channels = dims_.c,
                                       .a_stride = 0,
                                       .out_stride = 0,
                                       .add = true,
                                       .out = gradient + weights_at_[tap]});
}

void DepthwiseConvUnit::input_gradient(const void* dy, float* dx, Scratch& scratch) {
    const auto& [rows, cols] = options_.window;
    const float* dy_values = widened_operand(dy, dy_border_, scratch.gathered);
    for (const Phase& phase : phases_)
        for (int r = 0; r < phase.rows.positions; ++r)
            context_.kernels.channel_sums(
                {.a = dy_values + r * dy_border_.row_stride(dims_.c),
                 .b = backward_.data(),
                 .a_at = phase.dy_at.data(),
                 .b_at = phase.weights_at.data(),
                 .terms = static_cast<int>(phase.dy_at.size()),
                 .pixels = phase.cols.positions,
                 .channels = dims_.c,
                 .a_stride = dims_.c,
                 .out_stride = static_cast<std::ptrdiff_t>(cols.stride) * in_.c,
                 .add = false,
                 .out = dx + (static_cast<std::ptrdiff_t>(phase.rows.first + r * rows.stride) * in_.w +
                              phase.cols.first) *
                                 in_.c});
}

}  // namespace nibble
