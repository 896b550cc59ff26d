// Output pixels cut into groups of 16, the rows of a tile.
#pragma once

#include "engine/kernels/amx/tiles.hpp"

namespace nibble::kernels::amx {

/// 16 pixels: where their operands lie and where their sums go.
template <class Arithmetic>
struct PixelTile {
    const typename Arithmetic::Element* operand[kTileRows];
    typename Arithmetic::Sum* out[kTileRows];  ///< null: a pixel that nobody wants
    bool even_steps;  ///< operand[i] = operand[0] + i * pixels.col_stride: a tile load can fetch them
};

/// How to cut the grid of an arithmetic's problem (see tiled_gemm.hpp).
template <class Arithmetic>
class PixelTiling {
  public:
    using Problem = typename Arithmetic::Problem;
    using Element = typename Arithmetic::Element;
    using Tile = PixelTile<Arithmetic>;

    explicit PixelTiling(const Problem& problem) : q(problem) {
        const Pixels& p = q.pixels;
        const std::ptrdiff_t pitch =
            p.col_stride > 0 && p.row_stride % p.col_stride == 0 ? p.row_stride / p.col_stride : 0;
        pitch_ = static_cast<int>(pitch);
        flat_pixels_ = (p.rows - 1) * pitch_ + p.cols;
        const int by_rows = p.rows * ceil_div(p.cols, kTileRows);
        const int flat = ceil_div(flat_pixels_, kTileRows);
        const int gathered = ceil_div(p.rows * p.cols, kTileRows);
        cut_ = Cut::gathered;
        count_ = gathered;
        int cost = 2 * gathered;  // gathering a tile takes about as long as multiplying it
        if (pitch_ >= p.cols && flat_pixels_ >= kTileRows && flat <= cost) {
            cut_ = Cut::flat;
            count_ = cost = flat;
        }
        if (p.cols >= kTileRows && by_rows <= cost) {
            cut_ = Cut::rows;
            count_ = by_rows;
        }
    }

    int count() const { return count_; }

    Tile operator[](int index) const {
        if (cut_ == Cut::rows) return of_row(index);
        if (cut_ == Cut::flat) return of_flat(index);
        return of_gathered(index);
    }

  private:
    // rows:     each row of the grid by itself; its last tile ends with the row and may overlap the one before
    // flat:     rows with the gap between them as one long row: the pixels in the gap are computed in vain
    // gathered: any 16 pixels; the last tile repeats its last pixel
    enum class Cut { rows, flat, gathered };

    const Element* operand(int row, int col) const {
        return static_cast<const Element*>(q.operand) + row * q.pixels.row_stride + col * q.pixels.col_stride;
    }
    typename Arithmetic::Sum* out(int row, int col) const {
        return q.out + row * q.out_row_stride + col * q.out_col_stride;
    }

    Tile of_row(int index) const {
        const int per_row = ceil_div(q.pixels.cols, kTileRows);
        const int row = index / per_row, wanted = index % per_row * kTileRows;
        const int col = wanted + kTileRows <= q.pixels.cols ? wanted : q.pixels.cols - kTileRows;
        Tile tile{};
        tile.even_steps = true;
        for (int i = 0; i < kTileRows; ++i) {
            tile.operand[i] = operand(row, col + i);
            tile.out[i] = out(row, col + i);
        }
        return tile;
    }

    Tile of_flat(int index) const {
        const int wanted = index * kTileRows;
        const int first = wanted + kTileRows <= flat_pixels_ ? wanted : flat_pixels_ - kTileRows;
        Tile tile{};
        tile.even_steps = true;
        int row = first / pitch_, col = first % pitch_;
        for (int i = 0; i < kTileRows; ++i) {
            tile.operand[i] = operand(row, col);
            tile.out[i] = col < q.pixels.cols ? out(row, col) : nullptr;
            if (++col == pitch_) {
                col = 0;
                ++row;
            }
        }
        return tile;
    }

    Tile of_gathered(int index) const {
        const int pixels = q.pixels.rows * q.pixels.cols;
        Tile tile{};
        for (int i = 0; i < kTileRows; ++i) {
            const int pixel = index * kTileRows + i;
            const int real = pixel < pixels ? pixel : pixels - 1;
            tile.operand[i] = operand(real / q.pixels.cols, real % q.pixels.cols);
            tile.out[i] = pixel < pixels ? out(real / q.pixels.cols, real % q.pixels.cols) : nullptr;
        }
        return tile;
    }

    const Problem& q;
    int pitch_, flat_pixels_, count_;
    Cut cut_;
};

}  // namespace nibble::kernels::amx
