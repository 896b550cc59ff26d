#include "engine/nn/units/conv.hpp"

#include <algorithm>

namespace nibble {
namespace {

/// In bf16, weights of more bytes are dearer to read once more than a few rows of zeros are to multiply.
constexpr std::size_t kManyWeights = 1 << 20;

}  // namespace

ConvUnit::ConvUnit(const Context& context, Edge input, Dims dims, const Options& options)
    : WeightedUnit(context, input, dims, options) {
    const Window& w = options.window;
    weights_ = {context.kernels, context.numerics == Numerics::bf16, w.rows.kernel, w.cols.kernel * in_.c,
                dims.c};
    rows_ = splits(w.rows, dims.h, in_.h);
    areas_ = areas(rows_, splits(w.cols, dims.w, in_.w), in_.c);
    if (context.training) plan_phases();
}

void ConvUnit::plan_phases() {
    dy_border_ = {0, 0, dims_.h, dims_.w};
    if (!input_.from->wants_gradient()) return;
    dy_border_ = gradient_border();
    for (const GradientPhase& rows : gradient_phases(options_.window.rows, in_.h))
        for (const GradientPhase& cols : gradient_phases(options_.window.cols, in_.w)) {
            Phase& phase = phases_.emplace_back(Phase{rows, cols, {}, {}, {}});
            phase.weights = {context_.kernels, context_.numerics == Numerics::bf16, rows.window.kernel,
                             cols.window.kernel * dims_.c, in_.c};
            phase.row_splits = splits(rows.window, rows.positions, dims_.h);
            phase.areas = areas(phase.row_splits, splits(cols.window, cols.positions, dims_.w), dims_.c);
        }
}

void ConvUnit::pack(const float* forward, const float* backward) {
    const Window& w = options_.window;
    const float* weight = forward;
    const auto at = [&](int o, int i, int kh, int kw) {
        return weight[((static_cast<std::size_t>(o) * in_.c + i) * w.rows.kernel + kh) * w.cols.kernel + kw];
    };
    std::vector<float> matrix;
    for (int kh = 0; kh < w.rows.kernel; ++kh)
        for (int kw = 0; kw < w.cols.kernel; ++kw)
            for (int i = 0; i < in_.c; ++i)
                for (int o = 0; o < dims_.c; ++o) matrix.push_back(at(o, i, kh, kw));
    weights_.pack(matrix);
    weight = backward;
    for (Phase& phase : phases_) {
        matrix.clear();
        for (int kh : phase.rows.taps)
            for (int kw : phase.cols.taps)
                for (int o = 0; o < dims_.c; ++o)
                    for (int i = 0; i < in_.c; ++i) matrix.push_back(at(o, i, kh, kw));
        phase.weights.pack(matrix);
    }
}

void ConvUnit::gemm(kernels::Gemm q, const std::vector<kernels::Area>& areas) const {
    if (context_.numerics == Numerics::bf16) return context_.kernels.gemm_bf16(q);
    q.areas = areas.data();
    q.area_count = static_cast<int>(areas.size());
    context_.kernels.gemm_f32(q);
}

void ConvUnit::multiply(const void* x, float* out, Scratch&) {
    const Window& w = options_.window;
    const std::ptrdiff_t row = x_border_.row_stride(in_.c);
    const auto segment = [&](int first, int rows, int run, int runs) {
        kernels::Gemm q{};
        q.operand = static_cast<const std::byte*>(x) +
                    (w.rows.source(first, run) + x_border_.top) * row * context_.operand_bytes();
        q.pixels = {rows, dims_.w, row * w.rows.stride, static_cast<std::ptrdiff_t>(in_.c) * w.cols.stride};
        q.runs = runs;
        q.run_stride = row;
        q.run_length = weights_.run_length();
        q.weights = weights_.from_run(run);
        q.panel_stride = weights_.panel_stride();
        q.channels = dims_.c;
        q.out_col_stride = dims_.c;
        q.out_row_stride = static_cast<std::ptrdiff_t>(dims_.w) * dims_.c;
        q.out = out + first * q.out_row_stride;
        return q;
    };
    const std::size_t weights = static_cast<std::size_t>(w.rows.kernel) * weights_.run_length() * dims_.c;
    if (!float_sums_are_exact())
        split_gemm(segment(0, dims_.h, 0, w.rows.kernel), weights_);
    else if (context_.numerics == Numerics::f32 || weights * context_.operand_bytes() > kManyWeights)
        gemm(segment(0, dims_.h, 0, w.rows.kernel), areas_);
    else
        for (const AxisSplit& rows : rows_) gemm(segment(rows.first, rows.count, rows.tap, rows.taps), {});
}

void ConvUnit::input_gradient(const void* dy, float* dx, Scratch&) {
    const Window& w = options_.window;
    const std::ptrdiff_t row = dy_border_.row_stride(dims_.c);
    for (const Phase& phase : phases_) {
        const auto segment = [&](int first, int rows, int run, int count) {
            const std::ptrdiff_t top = phase.rows.window.source(first, run) + dy_border_.top;
            const std::ptrdiff_t left = phase.cols.window.source(0, 0) + dy_border_.left;
            kernels::Gemm q{};
            q.operand =
                static_cast<const std::byte*>(dy) + (top * row + left * dims_.c) * context_.operand_bytes();
            q.pixels = {rows, phase.cols.positions, row, dims_.c};
            q.runs = count;
            q.run_stride = row;
            q.run_length = phase.weights.run_length();
            q.weights = phase.weights.from_run(run);
            q.panel_stride = phase.weights.panel_stride();
            q.channels = in_.c;
            q.out_row_stride = static_cast<std::ptrdiff_t>(w.rows.stride) * in_.w * in_.c;
            q.out_col_stride = static_cast<std::ptrdiff_t>(w.cols.stride) * in_.c;
            q.out = dx + first * q.out_row_stride +
                    (static_cast<std::ptrdiff_t>(phase.rows.first) * in_.w + phase.cols.first) * in_.c;
            return q;
        };
        if (context_.numerics == Numerics::f32)
            gemm(segment(0, phase.rows.positions, 0, phase.rows.window.kernel), phase.areas);
        else
            for (const AxisSplit& rows : phase.row_splits)
                gemm(segment(rows.first, rows.count, rows.tap, rows.taps), {});
    }
}

void ConvUnit::weight_gradient(const void* x, const void* dy, float* gradient, Scratch&) {
    const Window& w = options_.window;
    const int element = context_.operand_bytes();
    const bool f32 = context_.numerics == Numerics::f32;
    const std::ptrdiff_t x_row = x_border_.row_stride(in_.c), dy_row = dy_border_.row_stride(dims_.c);
    // Bands of rows whose operands fit the first-level cache; in bf16 whole blocks of 32 pixels, so that the
    // blocks do not depend on the band.
    constexpr std::ptrdiff_t kBandBytes = 28 * 1024;
    const std::ptrdiff_t bytes_a_row =
        element * (x_row * w.rows.stride + static_cast<std::ptrdiff_t>(dims_.w) * kernels::kPanel);
    int band = static_cast<int>(std::clamp<std::ptrdiff_t>(kBandBytes / bytes_a_row, 1, dims_.h));
    while (!f32 && band < dims_.h && band * dims_.w % kernels::kBlock != 0) ++band;

    kernels::WeightGradient q{};
    q.run_length = w.cols.kernel * in_.c;
    q.dy_row_stride = dy_row;
    q.dy_col_stride = dims_.c;
    q.channels = dims_.c;
    q.gradient_stride = gradient_stride();
    for (int first = 0; first < dims_.h; first += band)
        for (int kh = 0; kh < w.rows.kernel; ++kh) {
            int begin = first, end = std::min(first + band, dims_.h);
            if (f32) {  // rows of padding add nothing; bf16 keeps them, its blocks count from the first pixel
                while (begin < end && w.rows.source(begin, kh) < 0) ++begin;
                while (begin < end && w.rows.source(end - 1, kh) >= in_.h) --end;
            }
            q.pixels = {end - begin, dims_.w, x_row * w.rows.stride,
                        static_cast<std::ptrdiff_t>(in_.c) * w.cols.stride};
            q.operand = static_cast<const std::byte*>(x) +
                        (w.rows.source(begin, kh) + x_border_.top) * x_row * element;
            q.dy =
                static_cast<const std::byte*>(dy) +
                ((begin + dy_border_.top) * dy_row + static_cast<std::ptrdiff_t>(dy_border_.left) * dims_.c) *
                    element;
            q.gradient = gradient + static_cast<std::ptrdiff_t>(kh) * q.run_length * q.gradient_stride;
            f32 ? context_.kernels.weight_gradient_f32(q) : context_.kernels.weight_gradient_bf16(q);
        }
}

}  // namespace nibble
