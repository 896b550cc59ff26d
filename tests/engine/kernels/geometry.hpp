// Layouts of operands and outputs as convolutions use them, for the tests of products and weight gradients.
#pragma once

#include <cstddef>

#include "engine/kernels/table.hpp"

namespace nibble::kernels::test {

/// How the rows of an operand follow each other: one pixel after the other, every second pixel (stride 2), or
/// with a gap that is no multiple of a pixel.
enum class Layout { dense, strided, ragged };
inline constexpr Layout kLayouts[] = {Layout::dense, Layout::strided, Layout::ragged};

struct Grid {
    int rows, cols;
};
inline constexpr Grid kGrids[] = {{1, 1}, {1, 5}, {3, 7}, {8, 8}, {16, 16}, {5, 32}, {2, 20}};
inline constexpr int kRunLengths[] = {1, 3, 9, 16, 31, 32, 33, 48, 64, 96, 192};
inline constexpr int kChannels[] = {1, 3, 8, 10, 15, 16, 17, 31, 32, 33, 48, 64, 100};

/// An operand buffer for a kernel of `runs` rows; runs of three pixels where the length allows, else of one.
struct Operand {
    Pixels pixels;
    std::ptrdiff_t run_stride;
    std::size_t elements;  ///< without slack

    Operand(Grid grid, int runs, int run_length, Layout layout) {
        const int kernel = run_length % 3 == 0 ? 3 : 1, channels = run_length / kernel;
        const int stride = layout == Layout::strided ? 2 : 1;
        const std::ptrdiff_t width = (grid.cols - 1) * stride + kernel;
        run_stride = width * channels + (layout == Layout::ragged ? channels + 1 : 0);
        pixels = {grid.rows, grid.cols, stride * run_stride, static_cast<std::ptrdiff_t>(stride) * channels};
        elements = static_cast<std::size_t>(run_stride * ((grid.rows - 1) * stride + runs));
    }
};

/// Elements beyond an operand buffer that kernels may read.
inline constexpr std::size_t kSlack = 64;

}  // namespace nibble::kernels::test
