// Operand buffers: one image with a border of zeros, in the element type that the GEMMs of the numerics
// read.
#pragma once

#include "engine/nn/units/unit.hpp"

namespace nibble {

/// Where an image lies inside its operand buffer.
struct Border {
    int top = 0, left = 0;
    int rows = 0, cols = 0;  ///< of the whole buffer

    std::ptrdiff_t row_stride(int channels) const { return static_cast<std::ptrdiff_t>(cols) * channels; }
};

/// All write the image at (top, left), zeros around it, and kOperandSlack zero elements after the last row,
/// because a GEMM may read (and multiply by 0) a little past a run.
inline constexpr int kOperandSlack = 64;

/// The operand for reading `from`'s output with a border; the image itself where it can serve as it is.
const void* input_operand(const Context& context, const kernels::Normalize& view, Dims dims,
                          const Border& border, Buffer& buffer);

/// The operand that holds the codes of an image of floats [h*w][c].
const void* code_operand(const Context& context, const InputCodes& codes, const float* values, Dims dims,
                         const Border& border, Buffer& buffer);

/// The operand for the gradient of a convolution's output.
const void* gradient_operand(const Context& context, const kernels::NormalizeBackward& view, Dims dims,
                             const Border& border, Buffer& buffer);

}  // namespace nibble
