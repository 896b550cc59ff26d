// Where the output pixels of an integer product lie.
#pragma once

#include "engine/kernels/integer.hpp"
#include "engine/kernels/simd.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// A stretch of pixels row by row, in groups of neighbours in a row. They are listed before they are summed:
/// where rows end inside a tile differs from tile to tile, and branches that cannot be foretold cost as much
/// as a small convolution's sums.
class PixelList {
  public:
    static constexpr int kMost = 120;  // a multiple of most heights of tiles

    /// Of the first pixel of each group.
    const std::uint8_t* operand[kMost];
    std::int32_t* out[kMost];

    int count() const { return count_; }

    /// Lists groups of `group` pixels, a divisor of the columns, from pixel `first` on: all that fit.
    void fill(const IntegerProduct& q, int group, int first) {
        count_ = 0;
        int col = first % q.pixels.cols;
        for (int row = first / q.pixels.cols; row < q.pixels.rows && count_ < kMost; ++row, col = 0) {
            const std::uint8_t* x = q.operand + row * q.pixels.row_stride + col * q.pixels.col_stride;
            std::int32_t* to = q.out + row * q.out_row_stride + col * q.out_col_stride;
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

/// Calls f(pixels) for stretches of all pixels in groups of `group`.
template <class F>
[[gnu::always_inline]] inline void for_pixels(const IntegerProduct& q, int group, F&& f) {
    PixelList pixels;
    const int all = q.pixels.rows * q.pixels.cols;
    for (int first = 0; first < all; first += pixels.count() * group) {
        pixels.fill(q, group, first);
        f(pixels);
    }
}

/// Calls f(first, height) for tiles of all groups of a list, at most `most` high, all about the same height
/// (a low tile takes as long as a high one: it waits for its own sums). The height is a constant.
template <int most, class F>
[[gnu::always_inline]] inline void for_tiles(const PixelList& pixels, F&& f) {
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
