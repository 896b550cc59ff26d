// What products of all number formats share: panels of output channels and grids of output pixels.
#pragma once

#include <cstddef>

namespace nibble::kernels {

inline constexpr int kPanel = 16;

/// Output pixels as a grid over an operand buffer: pixel (r, c) starts at element r * row_stride + c *
/// col_stride.
struct Pixels {
    int rows, cols;
    std::ptrdiff_t row_stride, col_stride;
};

}  // namespace nibble::kernels
