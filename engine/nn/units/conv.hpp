// Convolution and fully connected layers (a convolution by a window of the whole image), forwards and backwards, as
// implicit GEMMs over operand buffers: no im2col.
//
// with stride s and padding p (window.hpp), which may differ for rows and columns,
//
//   y[oh, ow, o]       = sum over kh, kw, i of x[oh s + kh - p, ow s + kw - p, i] W[o, i, kh, kw]  (+ b[o])
//   dx[ih, iw, i]      = sum over kh, kw, o of dy[(ih + p - kh) / s, (iw + p - kw) / s, o] W[o, i, kh, kw]
//   dW[o, i, kh, kw]   = sum over images, oh, ow of x[oh s + kh - p, ow s + kw - p, i] dy[oh, ow, o]
//
// dx is a convolution too: input positions of equal (ih mod s, iw mod s) see the same kernel taps, so each of
// these s x s phases is one GEMM over dy, its k ordered by increasing row, column and channel of dy.
#pragma once

#include "engine/kernels/packing.hpp"
#include "engine/nn/units/taps.hpp"
#include "engine/nn/units/weighted_unit.hpp"

namespace nibble {

class ConvUnit : public WeightedUnit {
  public:
    /// One group, no dilation.
    ConvUnit(const Context& context, Edge input, Dims dims, const Options& options);

  private:
    /// One phase of the gradient of the input.
    struct Phase {
        GradientPhase rows, cols;
        kernels::PackedWeights weights;
        std::vector<AxisSplit> row_splits;  ///< of its rows
        std::vector<kernels::Area> areas;
    };

    void pack(const float* forward, const float* backward) override;
    void multiply(const void* x, float* out, Scratch& scratch) override;
    void weight_gradient(const void* x, const void* dy, float* gradient, Scratch& scratch) override;
    void input_gradient(const void* dy, float* dx, Scratch& scratch) override;
    void plan_phases();
    /// In f32, pixels go by areas; bf16 sums have blocks of terms, none of which is left out.
    void gemm(kernels::Gemm q, const std::vector<kernels::Area>& areas) const;

    kernels::PackedWeights weights_;
    std::vector<AxisSplit> rows_;
    std::vector<kernels::Area> areas_;
    std::vector<Phase> phases_;
};

}  // namespace nibble
