#include "engine/nn/units/operand.hpp"

#include <cstring>

namespace nibble {
namespace {

/// fill(row, destination) writes the pixels of one image row.
template <class Fill>
const void* with_border(Buffer& buffer, const Border& border, Dims dims, int element, Fill fill) {
    const std::size_t pixel = static_cast<std::size_t>(dims.c) * element;
    const std::size_t row_bytes = border.cols * pixel;
    const std::size_t slack = static_cast<std::size_t>(kOperandSlack) * element;
    std::byte* base = buffer.reserve(border.rows * row_bytes + slack);
    std::byte* row = base + border.top * row_bytes;
    std::memset(base, 0, border.top * row_bytes);
    for (int r = 0; r < dims.h; ++r, row += row_bytes) {
        std::memset(row, 0, border.left * pixel);
        fill(r, row + border.left * pixel);
        std::memset(row + (border.left + dims.w) * pixel, 0, (border.cols - border.left - dims.w) * pixel);
    }
    std::memset(row, 0, (border.rows - border.top - dims.h) * row_bytes + slack);
    return base;
}

/// The address of row r of an image whose rows are contiguous; null stays null.
const void* row_of(const void* image, int r, Dims dims, kernels::Storage storage) {
    if (!image) return nullptr;
    return static_cast<const std::byte*>(image) +
           static_cast<std::size_t>(r) * dims.w * dims.c * bytes_of(storage);
}

}  // namespace

const void* input_operand(const Context& context, const kernels::Normalize& view, Dims dims,
                          const Border& border, Buffer& buffer) {
    const bool as_is = !view.scale && !view.residual && !view.clamp.bounds() &&
                       view.storage == kernels::Storage::f32 &&
                       context.operand() == kernels::Target::f32_operand;
    // Products of floats read nothing behind the last pixel.
    if (as_is && border.rows == dims.h && border.cols == dims.w) return view.src;
    const std::size_t row_bytes = static_cast<std::size_t>(dims.w) * dims.c * sizeof(float);
    return with_border(buffer, border, dims, context.operand_bytes(), [&](int r, std::byte* to) {
        if (as_is) {
            std::memcpy(to, row_of(view.src, r, dims, view.storage), row_bytes);
            return;
        }
        kernels::Normalize q = view;
        q.src = row_of(view.src, r, dims, view.storage);
        q.pixels = dims.w;
        q.dst = to;
        q.to = context.operand();
        context.kernels.normalize(q);
    });
}

const void* code_operand(const Context& context, const InputCodes& codes, const float* values, Dims dims,
                         const Border& border, Buffer& buffer) {
    return with_border(buffer, border, dims, context.operand_bytes(), [&](int r, std::byte* to) {
        context.kernels.encode({.src = values + static_cast<std::size_t>(r) * dims.w * dims.c,
                                .multiplier = codes.multipliers.data(),
                                .lowest = codes.lowest,
                                .highest = codes.highest,
                                .rounding = codes.rounding,
                                .pixels = dims.w,
                                .channels = dims.c,
                                .dst = to,
                                .to = context.operand()});
    });
}

const void* gradient_operand(const Context& context, const kernels::NormalizeBackward& view, Dims dims,
                             const Border& border, Buffer& buffer) {
    return with_border(buffer, border, dims, context.operand_bytes(), [&](int r, std::byte* to) {
        kernels::NormalizeBackward q = view;
        q.gradient = row_of(view.gradient, r, dims, view.storage);
        q.y = row_of(view.y, r, dims, view.storage);
        q.pixels = dims.w;
        q.dst = to;
        q.to = context.operand();
        context.kernels.normalize_backward(q);
    });
}

}  // namespace nibble
