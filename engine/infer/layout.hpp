// How the values of an integer graph lie in memory: NHWC images, codes as bytes with a border of zeros wide
// enough for every convolution that reads them.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/infer/integer_graph.hpp"

namespace nibble {

struct ValueLayout {
    Dims dims;
    int element = 1;         ///< bytes
    int top = 0, left = 0;   ///< border
    int rows = 0, cols = 0;  ///< with the border
    std::size_t offset = 0;  ///< in the arena

    std::ptrdiff_t row_stride() const { return static_cast<std::ptrdiff_t>(cols) * dims.c; }  ///< elements
    /// Element number of pixel (row, col), which may lie in the border.
    std::ptrdiff_t at(int row, int col) const {
        return (row + top) * row_stride() + static_cast<std::ptrdiff_t>(col + left) * dims.c;
    }
    std::size_t bytes() const {
        return static_cast<std::size_t>(rows * row_stride()) * static_cast<std::size_t>(element);
    }
};

struct Layout {
    std::vector<ValueLayout> values;
    std::size_t bytes = 0;  ///< of one image's arena
};

/// With keep_all every value has a place of its own and stays readable after the last step.
Layout make_layout(const IntegerGraph& graph, bool keep_all);

}  // namespace nibble
