#include "engine/nn/shortcut.hpp"

#include <cstring>

namespace nibble {
namespace {

/// Calls copy(offset in the input, offset in the output) for every kept pixel, in elements; a pixel's
/// channels are contiguous in both.
template <class Copy>
void for_kept_pixels(Dims in, int stride, Dims out, Copy copy) {
    const int first_channel = (out.c - in.c) / 2;
    for (int r = 0; r < out.h; ++r)
        for (int c = 0; c < out.w; ++c)
            copy((static_cast<std::size_t>(r) * stride * in.w + static_cast<std::size_t>(c) * stride) * in.c,
                 (static_cast<std::size_t>(r) * out.w + c) * out.c + first_channel);
}

}  // namespace

void shortcut_forward(std::size_t element, const void* in, Dims in_dims, int stride, void* out,
                      Dims out_dims) {
    std::memset(out, 0, out_dims.size() * element);
    for_kept_pixels(in_dims, stride, out_dims, [&](std::size_t from, std::size_t to) {
        std::memcpy(static_cast<std::byte*>(out) + to * element,
                    static_cast<const std::byte*>(in) + from * element, in_dims.c * element);
    });
}

void shortcut_backward(std::size_t element, const void* out_gradient, Dims out_dims, int stride,
                       void* in_gradient, Dims in_dims) {
    std::memset(in_gradient, 0, in_dims.size() * element);
    for_kept_pixels(in_dims, stride, out_dims, [&](std::size_t to, std::size_t from) {
        std::memcpy(static_cast<std::byte*>(in_gradient) + to * element,
                    static_cast<const std::byte*>(out_gradient) + from * element, in_dims.c * element);
    });
}

}  // namespace nibble
