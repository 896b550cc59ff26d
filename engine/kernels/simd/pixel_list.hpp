// Where the output pixels of a product lie.
#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/table.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// What the operands and the sums of a product are.
template <class Q>
struct Elements {
    using Operand = float;
    using Sum = float;
};
template <>
struct Elements<IntegerProduct> {
    using Operand = std::uint8_t;
    using Sum = std::int32_t;
};

/// A stretch of pixels row by row, in groups of neighbours in a row. They are listed before they are summed:
/// where rows end inside a tile differs from tile to tile, and branches that cannot be foretold cost as much
/// as a small convolution's sums.
template <class Q>
class PixelList {
    using Operand = typename Elements<Q>::Operand;
    using Sum = typename Elements<Q>::Sum;

  public:
    static constexpr int kMost = 120;  // a multiple of most heights of tiles

    /// Of the first pixel of each group.
    const Operand* operand[kMost];
    Sum* out[kMost];

    int count() const { return count_; }

    /// Lists groups of `group` pixels, a divisor of the columns, from pixel `first` on: all that fit.
    void fill(const Q& q, int group, int first) {
        count_ = 0;
        int col = first % q.pixels.cols;
        for (int row = first / q.pixels.cols; row < q.pixels.rows && count_ < kMost; ++row, col = 0) {
            const Operand* x = static_cast<const Operand*>(q.operand) + row * q.pixels.row_stride +
                               col * q.pixels.col_stride;
            Sum* to = q.out + row * q.out_row_stride + col * q.out_col_stride;
            for (; col < q.pixels.cols && count_ < kMost; col += group, ++count_) {
                operand[count_] = x;
                out[count_] = to;
                x += group * q.pixels.col_stride;
                to += group * q.out_col_stride;
            }
        }
    }

  private:
    int count_ = 0;
};

using FloatPixels = PixelList<Product>;
using IntegerPixels = PixelList<IntegerProduct>;

/// Calls f(pixels) for stretches of all pixels in groups of `group`.
template <class Q, class F>
[[gnu::always_inline]] inline void for_pixels(const Q& q, int group, F&& f) {
    PixelList<Q> pixels;
    const int all = q.pixels.rows * q.pixels.cols;
    for (int first = 0; first < all; first += pixels.count() * group) {
        pixels.fill(q, group, first);
        f(pixels);
    }
}

/// Calls f(first, height) for tiles of all groups of a list, at most `most` high, all about the same height
/// (a low tile takes as long as a high one: it waits for its own sums). The height is a constant.
template <int most, class Q, class F>
[[gnu::always_inline]] inline void for_tiles(const PixelList<Q>& pixels, F&& f) {
    int left = pixels.count();
    for (int tiles = (left + most - 1) / most; tiles > 0; --tiles) {
        const int height = (left + tiles - 1) / tiles;
        unrolled<most>([&](auto m) {
            constexpr int kHeight = m + 1;
            if (height == kHeight) f(pixels.count() - left, std::integral_constant<int, kHeight>{});
        });
        left -= height;
    }
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
