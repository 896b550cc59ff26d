#include "engine/nn/units/grouped_conv.hpp"

#include <algorithm>
#include <cstring>

namespace nibble {

GroupedConvUnit::GroupedConvUnit(const Context& context, Edge input, Dims dims, const Options& options)
    : WeightedUnit(context, input, dims, options), length_(options.window.taps() * group_.inputs) {
    const bool bf16 = context.numerics == Numerics::bf16;
    for (int g = 0; g < options.groups; ++g) {
        weights_.emplace_back(context.kernels, bf16, 1, length_, group_.outputs);
        if (context.training) transposed_.emplace_back(context.kernels, bf16, 1, group_.outputs, length_);
    }
    dy_border_ = {0, 0, dims_.h, dims_.w};
}

void GroupedConvUnit::pack(const float* forward, const float* backward) {
    const int taps = options_.window.taps();
    std::vector<float> matrix(static_cast<std::size_t>(length_) * group_.outputs);
    for (int g = 0; g < options_.groups; ++g) {
        // Row k of the matrix is tap k / inputs, input channel k % inputs.
        const auto at = [&](const float* weight, int o, int k) {
            const auto output = static_cast<std::size_t>(g * group_.outputs + o);
            return weight[(output * group_.inputs + k % group_.inputs) * taps + k / group_.inputs];
        };
        for (int k = 0; k < length_; ++k)
            for (int o = 0; o < group_.outputs; ++o) matrix[k * group_.outputs + o] = at(forward, o, k);
        weights_[g].pack(matrix);
        if (transposed_.empty()) continue;
        for (int o = 0; o < group_.outputs; ++o)
            for (int k = 0; k < length_; ++k) matrix[o * length_ + k] = at(backward, o, k);
        transposed_[g].pack(matrix);
    }
}

const void* GroupedConvUnit::gathered(const void* x, int group, Scratch& scratch) const {
    const auto& [rows, cols] = options_.window;
    const auto element = static_cast<std::size_t>(context_.operand_bytes());
    const std::size_t pixels = static_cast<std::size_t>(dims_.h) * dims_.w, piece = group_.inputs * element;
    std::byte* const matrix = scratch.gathered.reserve((pixels * length_ + kOperandSlack) * element);
    std::byte* to = matrix;
    const std::ptrdiff_t row = x_border_.row_stride(in_.c);
    for (int r = 0; r < dims_.h; ++r)
        for (int c = 0; c < dims_.w; ++c)
            for (int i = 0; i < rows.kernel; ++i)
                for (int j = 0; j < cols.kernel; ++j, to += piece) {
                    const std::ptrdiff_t at = (rows.source(r, i) + x_border_.top) * row +
                                              (cols.source(c, j) + x_border_.left) * in_.c +
                                              group * group_.inputs;
                    std::memcpy(to,
                                static_cast<const std::byte*>(x) + at * static_cast<std::ptrdiff_t>(element),
                                piece);
                }
    std::memset(to, 0, kOperandSlack * element);
    return matrix;
}

void GroupedConvUnit::multiply(const void* x, float* out, Scratch& scratch) {
    for (int g = 0; g < options_.groups; ++g) {
        kernels::Gemm q{};
        q.operand = gathered(x, g, scratch);
        q.pixels = {dims_.h, dims_.w, static_cast<std::ptrdiff_t>(dims_.w) * length_, length_};
        q.runs = 1;
        q.run_length = length_;
        q.weights = weights_[g].from_run(0);
        q.panel_stride = weights_[g].panel_stride();
        q.channels = group_.outputs;
        q.out = out + g * group_.outputs;
        q.out_col_stride = dims_.c;
        q.out_row_stride = static_cast<std::ptrdiff_t>(dims_.w) * dims_.c;
        if (!float_sums_are_exact())
            split_gemm(q, weights_[g]);
        else if (context_.numerics == Numerics::bf16)
            context_.kernels.gemm_bf16(q);
        else
            context_.kernels.gemm_f32(q);
    }
}

void GroupedConvUnit::weight_gradient(const void* x, const void* dy, float* gradient, Scratch& scratch) {
    for (int g = 0; g < options_.groups; ++g) {
        kernels::WeightGradient q{};
        q.operand = gathered(x, g, scratch);
        q.pixels = {dims_.h, dims_.w, static_cast<std::ptrdiff_t>(dims_.w) * length_, length_};
        q.run_length = length_;
        q.dy = static_cast<const std::byte*>(dy) +
               static_cast<std::ptrdiff_t>(g) * group_.outputs * context_.operand_bytes();
        q.dy_row_stride = dy_border_.row_stride(dims_.c);
        q.dy_col_stride = dims_.c;
        q.channels = group_.outputs;
        q.gradient = gradient + g * group_gradient_size();
        q.gradient_stride = gradient_stride();
        context_.numerics == Numerics::f32 ? context_.kernels.weight_gradient_f32(q)
                                           : context_.kernels.weight_gradient_bf16(q);
    }
}

void GroupedConvUnit::input_gradient(const void* dy, float* dx, Scratch& scratch) {
    const std::size_t pixels = static_cast<std::size_t>(dims_.h) * dims_.w;
    float* const matrix = scratch.gathered.reserve_as<float>(pixels * length_);
    std::fill_n(dx, in_.size(), 0.0f);
    for (int g = 0; g < options_.groups; ++g) {
        kernels::Gemm q{};
        q.operand = static_cast<const std::byte*>(dy) +
                    static_cast<std::ptrdiff_t>(g) * group_.outputs * context_.operand_bytes();
        q.pixels = {dims_.h, dims_.w, dy_border_.row_stride(dims_.c), dims_.c};
        q.runs = 1;
        q.run_length = group_.outputs;
        q.weights = transposed_[g].from_run(0);
        q.panel_stride = transposed_[g].panel_stride();
        q.channels = length_;
        q.out = matrix;
        q.out_col_stride = length_;
        q.out_row_stride = static_cast<std::ptrdiff_t>(dims_.w) * length_;
        context_.numerics == Numerics::f32 ? context_.kernels.gemm_f32(q) : context_.kernels.gemm_bf16(q);
        add_back(matrix, g, dx);
    }
}

void GroupedConvUnit::add_back(const float* matrix, int group, float* dx) const {
    const auto& [rows, cols] = options_.window;
    for (int r = 0; r < dims_.h; ++r)
        for (int c = 0; c < dims_.w; ++c, matrix += length_) {
            const Interval taps_i = rows.taps(r, in_.h), taps_j = cols.taps(c, in_.w);
            for (int i = taps_i.begin; i < taps_i.end; ++i)
                for (int j = taps_j.begin; j < taps_j.end; ++j) {
                    const float* from = matrix + (i * cols.kernel + j) * group_.inputs;
                    float* to =
                        dx +
                        (static_cast<std::ptrdiff_t>(rows.source(r, i)) * in_.w + cols.source(c, j)) * in_.c +
                        group * group_.inputs;
                    for (int k = 0; k < group_.inputs; ++k) to[k] += from[k];
                }
        }
}

}  // namespace nibble
