// Tensors: xtensor's row-major arrays. The one header that includes xtensor.
//
// Activations are NHWC. Weights are OIHW, as in torchvision's checkpoints; kernels pack their own layouts.
#pragma once

#include <cstddef>
#include <string>
#include <vector>
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>

namespace nibble {

template <class T>
using Array = xt::xarray<T, xt::layout_type::row_major>;

using Shape = std::vector<std::size_t>;

inline std::size_t count(const Shape& shape) {
    std::size_t n = 1;
    for (std::size_t d : shape) n *= d;
    return n;
}

/// "16x3x3x3"
std::string to_string(const Shape& shape);

}  // namespace nibble
