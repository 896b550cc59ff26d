// Option-A shortcut (He et al. 2015): keep every stride-th row and column, pad channels with zeros on both
// sides.
#pragma once

#include <cstddef>

#include "engine/nn/graph.hpp"

namespace nibble {

/// out (bigger c, smaller h and w) from in; elements of `element` bytes, all-zero bytes being zero.
void shortcut_forward(std::size_t element, const void* in, Dims in_dims, int stride, void* out,
                      Dims out_dims);

/// The gradient of `in`: that of `out` put back where it came from, zeros elsewhere.
void shortcut_backward(std::size_t element, const void* out_gradient, Dims out_dims, int stride,
                       void* in_gradient, Dims in_dims);

}  // namespace nibble
