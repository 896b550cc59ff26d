// Depthwise convolutions: each output channel reads the input channel of its number,
//
//   y[oh, ow, c]   = sum over kh, kw of x[oh s + kh d - p, ow s + kw d - p, c] W[c, kh, kw]
//   dx[ih, iw, c]  = sum over the oh, kh, ow, kw that meet it, by rising oh, ow, of dy[oh, ow, c] W[c, kh, kw]
//   dW[c, kh, kw]  = sum over images, oh, ow of x[.., .., c] dy[oh, ow, c]
//
// one chain of fused multiply-adds each. In bf16, operands are rounded to bfloat16; sums are these.
#pragma once

#include "engine/nn/units/weighted_unit.hpp"

namespace nibble {

class DepthwiseConvUnit : public WeightedUnit {
  public:
    DepthwiseConvUnit(const Context& context, Edge input, Dims dims, const Options& options);

  private:
    /// Input pixels that meet the same taps: where these lie, from a pixel of dy on, and their weights.
    struct Phase {
        GradientPhase rows, cols;
        std::vector<std::ptrdiff_t> dy_at, weights_at;
    };

    void pack(const float* forward, const float* backward) override;
    void multiply(const void* x, float* out, Scratch& scratch) override;
    void weight_gradient(const void* x, const void* dy, float* gradient, Scratch& scratch) override;
    void input_gradient(const void* dy, float* dx, Scratch& scratch) override;
    void plan_phases();
    void add_phase(const GradientPhase& rows, const GradientPhase& cols);
    /// An operand as floats.
    const float* widened_operand(const void* operand, const Border& border, Buffer& buffer) const;

    std::vector<float> forward_, backward_;          ///< weights [kh][kw][c]
    std::vector<std::ptrdiff_t> x_at_, weights_at_;  ///< by tap
    std::vector<Phase> phases_;
    std::vector<std::ptrdiff_t> pixels_of_x_, pixels_of_dy_;  ///< by output pixel
};

}  // namespace nibble
