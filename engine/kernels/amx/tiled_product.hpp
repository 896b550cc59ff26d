// Product sums of bfloat16 operands with tiles: rows are pixels, columns the channels of a panel, one
// dot_bf16 is one block of 32 k.
//
// The last block of a run reads up to 31 elements past the run's end and multiplies them by zero weights:
// they must be finite, which the slack of operand buffers and the pixels beside it are.
#pragma once

#include "engine/kernels/amx/pixel_tiles.hpp"

namespace nibble::kernels::amx {

template <class Tiles>
struct TiledProduct {
    const Product& q;

    /// Two panels at a time (their weights stay in the first-level cache) over all pixels, then a single one.
    void run() const {
        int n = 0;
        for (; q.channels - n > kPanel; n += 2 * kPanel) columns<2, 2>(n);
        if (n < q.channels) columns<4, 1>(n);
    }

  private:
    // Accumulators are tiles 0..3, operands 4 and 5, weights 6 and 7. A dot product takes 16 cycles and its
    // result 52, so four independent ones keep the unit busy.

    /// Panels n / kPanel ... of N for all pixels, P tiles of pixels at a time.
    template <int P, int N>
    void columns(int n) const {
        const PixelTiling<Tiles> tiling(q);
        PixelTile tiles[P];
        int t = 0;
        for (; t + P <= tiling.count(); t += P) {
            for (int p = 0; p < P; ++p) tiles[p] = tiling[t + p];
            group<P, N>(tiles, n);
        }
        for (; t < tiling.count(); ++t) {
            tiles[0] = tiling[t];
            group<1, N>(tiles, n);
        }
    }

    template <int P, int N>
    void group(const PixelTile* tiles, int n) const {
        alignas(64) float sums[P * N][kTileRows * kPanel];
        accumulate<P, N>(tiles, static_cast<const Bits*>(q.weights) + n / kPanel * q.panel_stride);
        store<P, N, 0>(sums);
        for (int p = 0; p < P; ++p)
            for (int panel = 0; panel < N; ++panel) {
                const int first = n + panel * kPanel;
                const int count = q.channels - first < kPanel ? q.channels - first : kPanel;
                for (int i = 0; i < kTileRows; ++i)
                    if (tiles[p].out[i])
                        Tiles::store_sums(sums[p * N + panel] + i * kPanel, tiles[p].out[i] + first, count);
            }
    }

    template <int P, int N>
    void accumulate(const PixelTile* tiles, const Bits* weights) const {
        clear<P * N>();
        for (int r = 0; r < q.runs; ++r)
            for (int k = 0; k < q.run_length; k += kBlock, weights += kTileElements) {
                Tiles::template load<6>(weights, 64);
                if constexpr (N == 2) Tiles::template load<7>(weights + q.panel_stride, 64);
                multiply<P, N, 0>(tiles, r * q.run_stride + k);
            }
    }

    template <int C>
    static void clear() {
        if constexpr (C > 0) {
            Tiles::template zero<C - 1>();
            clear<C - 1>();
        }
    }

    /// Pixel tiles p, p + 1, ... times the panels in tiles 6 and 7.
    template <int P, int N, int p>
    [[gnu::always_inline]] void multiply(const PixelTile* tiles, std::ptrdiff_t offset) const {
        if constexpr (p < P) {
            constexpr int A = 4 + p % 2;
            load_operand<A>(tiles[p], offset);
            Tiles::template dot_bf16<p * N, A, 6>();
            if constexpr (N == 2) Tiles::template dot_bf16<p * N + 1, A, 7>();
            multiply<P, N, p + 1>(tiles, offset);
        }
    }

    template <int A>
    [[gnu::always_inline]] void load_operand(const PixelTile& tile, std::ptrdiff_t offset) const {
        if (tile.even_steps) {
            Tiles::template load<A>(tile.operand[0] + offset,
                                    q.pixels.col_stride * static_cast<int>(sizeof(Bits)));
            return;
        }
        alignas(64) Bits rows[kTileElements];
        for (int i = 0; i < kTileRows; ++i)
            __builtin_memcpy(rows + i * kBlock, tile.operand[i] + offset, kBlock * sizeof(Bits));
        Tiles::template load<A>(rows, 64);
    }

    template <int P, int N, int C>
    static void store(float (&sums)[P * N][kTileRows * kPanel]) {
        if constexpr (C < P * N) {
            Tiles::template store<C>(sums[C], 64);
            store<P, N, C + 1>(sums);
        }
    }
};

}  // namespace nibble::kernels::amx
