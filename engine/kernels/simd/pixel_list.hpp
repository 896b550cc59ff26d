// Where the output pixels of a GEMM lie.
#pragma once

#include "engine/kernels/simd/ops.hpp"
#include "engine/kernels/table.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kVectorsPerPanel = kPanel / kLanes;

/// What the operands and the sums of a GEMM are.
template <class Q>
struct Elements {
    using Operand = float;
    using Sum = float;
    static constexpr int kMost = 240;  // a multiple of most heights of tiles
};
template <>
struct Elements<IntegerGemm> {
    using Operand = std::uint8_t;
    using Sum = std::int32_t;
    static constexpr int kMost = 120;
};

/// A run of pixels row by row, in groups of neighbours in a row. They are listed before they are summed:
/// where rows end inside a tile differs from tile to tile, and branches that cannot be foretold cost as much
/// as a small convolution's sums.
template <class Q>
class PixelList {
    using Operand = typename Elements<Q>::Operand;
    using Sum = typename Elements<Q>::Sum;

  public:
    static constexpr int kMost = Elements<Q>::kMost;

    /// Of the first pixel of each group.
    const Operand* operand[kMost];
    Sum* out[kMost];

    int count() const { return count_; }

    /// Lists groups of `group` pixels, a divisor of the columns, from pixel `first` on: all that fit.
    void fill(const Q& q, int group, int first) {
        count_ = 0;
        append(q, group, {0, 0, q.pixels.rows, q.pixels.cols, 0, 0, 0, 0}, first);
    }

    /// Lists groups of an area's pixels, from its pixel `first` on, behind those listed: all that fit.
    void append(const Q& q, int group, const Area& area, int first) {
        int col = area.col + first % area.cols;
        const int end_row = area.row + area.rows, end_col = area.col + area.cols;
        for (int row = area.row + first / area.cols; row < end_row && count_ < kMost; ++row, col = area.col) {
            const Operand* x = static_cast<const Operand*>(q.operand) + row * q.pixels.row_stride +
                               col * q.pixels.col_stride;
            Sum* to = q.out + row * q.out_row_stride + col * q.out_col_stride;
            for (; col < end_col && count_ < kMost; col += group, ++count_) {
                operand[count_] = x;
                out[count_] = to;
                x += group * q.pixels.col_stride;
                to += group * q.out_col_stride;
            }
        }
    }

  protected:
    int count_ = 0;
};

/// Pixels of several areas.
class FloatPixels : public PixelList<Gemm> {
  public:
    static constexpr int kMostParts = 16;

    /// Pixels of one area, which follow each other in the list.
    struct Part {
        int first, count;
        const Area* area;
    };
    Part parts[kMostParts];

    int part_count() const { return part_count_; }
    bool full() const { return count_ == kMost || part_count_ == kMostParts; }
    void clear() { count_ = part_count_ = 0; }

    /// Lists the area's pixels from its pixel `first` on: all that fit. Returns how many did.
    int append(const Gemm& q, const Area& area, int first) {
        const int before = count_;
        PixelList::append(q, 1, area, first);
        parts[part_count_++] = {before, count_ - before, &area};
        return count_ - before;
    }

  private:
    int part_count_ = 0;
};

using IntegerPixels = PixelList<IntegerGemm>;

/// Calls f(pixels) for runs of all pixels in groups of `group`.
template <class Q, class F>
[[gnu::always_inline]] inline void for_pixels(const Q& q, int group, F&& f) {
    PixelList<Q> pixels;
    const int all = q.pixels.rows * q.pixels.cols;
    for (int first = 0; first < all; first += pixels.count() * group) {
        pixels.fill(q, group, first);
        f(pixels);
    }
}

/// Calls f(pixels) for runs of all pixels of all areas.
template <class F>
[[gnu::always_inline]] inline void for_areas(const Gemm& q, F&& f) {
    const Area whole{0, 0, q.pixels.rows, q.pixels.cols, 0, q.runs, 0, q.run_length};
    const Area* areas = q.areas ? q.areas : &whole;
    const int count = q.areas ? q.area_count : 1;
    FloatPixels pixels;
    for (int i = 0; i < count; ++i)
        for (int first = 0; first < areas[i].rows * areas[i].cols;) {
            first += pixels.append(q, areas[i], first);
            const bool last = i == count - 1 && first == areas[i].rows * areas[i].cols;
            if (!last && !pixels.full()) continue;
            f(pixels);
            pixels.clear();
        }
}

/// Calls f(first, height) for tiles of `count` groups, at most `most` high, all about the same height (a low
/// tile takes as long as a high one: it waits for its own sums). The height is a constant.
template <int most, class F>
[[gnu::always_inline]] inline void for_tiles(int count, F&& f) {
    int left = count;
    for (int tiles = (left + most - 1) / most; tiles > 0; --tiles) {
        const int height = (left + tiles - 1) / tiles;
        unrolled<most>([&](auto m) {
            constexpr int kHeight = m + 1;
            if (height == kHeight) f(count - left, std::integral_constant<int, kHeight>{});
        });
        left -= height;
    }
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
