// What GEMMs of all number formats share: panels of output channels and grids of output pixels.
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

/// Pixels that lack the same terms: of those of k, only [first_k, end_k) of the runs [first_run, end_run) are
/// summed, since the others would multiply the operand's border.
struct Area {
    int row, col, rows, cols;
    int first_run, end_run, first_k, end_k;
};

}  // namespace nibble::kernels
