// Convolutions in groups, and those with dilation: for each group one GEMM with a matrix that is gathered from
// its channels,
//
//   G[pixel][kh, kw, i] = x[oh s + kh d - p, ow s + kw d - p, i],   y[pixel, o] = sum over kh, kw, i of G W[o, i, kh, kw]
//
// Backwards, dG = dy W is added up where G came from, in the order of pixels, then kh, kw.
#pragma once

#include "engine/nn/units/weighted_unit.hpp"

namespace nibble {

class GroupedConvUnit : public WeightedUnit {
  public:
    GroupedConvUnit(const Context& context, Edge input, Dims dims, const Options& options);

  private:
    void pack(const float* forward, const float* backward) override;
    void multiply(const void* x, float* out, Scratch& scratch) override;
    void weight_gradient(const void* x, const void* dy, float* gradient, Scratch& scratch) override;
    void input_gradient(const void* dy, float* dx, Scratch& scratch) override;
    /// G of one group, of elements of the operand.
    const void* gathered(const void* x, int group, Scratch& scratch) const;
    void add_back(const float* matrix, int group, float* dx) const;

    int length_;                                                ///< of a row of G
    std::vector<kernels::PackedWeights> weights_, transposed_;  ///< by group
};

}  // namespace nibble
