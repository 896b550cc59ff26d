// Tensors: xtensor's row-major arrays. The one header that includes xtensor.
//
// Activations are NHWC. Weights are OIHW, as in torchvision's checkpoints; kernels pack their own layouts.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

namespace nibble {

template <class T>
using Array = xt::xarray<T, xt::layout_type::row_major>;

/// Arrays of one and two dimensions, known to the compiler: formulas over these are as fast as loops.
template <class T>
using Vector = xt::xtensor<T, 1>;
template <class T>
using Matrix = xt::xtensor<T, 2>;

/// Memory as a vector or a matrix of rows, not copied.
template <class T>
auto vector_of(T* values, std::size_t size) {
    return xt::adapt(values, size, xt::no_ownership(), std::array{size});
}
template <class T>
auto matrix_of(T* values, std::size_t rows, std::size_t columns) {
    return xt::adapt(values, rows * columns, xt::no_ownership(), std::array{rows, columns});
}

using Shape = std::vector<std::size_t>;

inline std::size_t count(const Shape& shape) {
    std::size_t n = 1;
    for (std::size_t d : shape) n *= d;
    return n;
}

/// "16x3x3x3"
std::string to_string(const Shape& shape);

}  // namespace nibble
