// GEMM with tiles: rows are pixels, columns the channels of a panel, one dot product is one block of
// 64 bytes of k.
//
// The last block of a run reads past the run's end (up to 31 bfloat16 or 63 bytes) and multiplies that by
// zero weights: bfloat16 must be finite, which the slack of operand buffers and the pixels beside it are.
#pragma once

#include "engine/kernels/amx/pixel_tiles.hpp"

namespace nibble::kernels::amx {

/// bfloat16 products, summed in float as engine/kernels/table.hpp defines it.
template <class TilesOfMachine>
struct Bf16Arithmetic {
    using Tiles = TilesOfMachine;
    using Problem = Gemm;
    using Element = Bits;
    using Sum = float;

    template <int C, int A, int B>
    [[gnu::always_inline]] static void dot() {
        Tiles::template dot_bf16<C, A, B>();
    }
    [[gnu::always_inline]] static void store(const Gemm&, int, const float* sums, float* to, int count) {
        Tiles::store_sums(sums, to, count);
    }
};

/// Bytes without sign times bytes with sign, summed in 32 bits on top of the channel's start.
template <class TilesOfMachine>
struct ByteArithmetic {
    using Tiles = TilesOfMachine;
    using Problem = IntegerGemm;
    using Element = std::uint8_t;
    using Sum = std::int32_t;

    template <int C, int A, int B>
    [[gnu::always_inline]] static void dot() {
        Tiles::template dot_bytes<C, A, B>();
    }
    [[gnu::always_inline]] static void store(const IntegerGemm& q, int first, const std::int32_t* sums,
                                             std::int32_t* to, int count) {
        Tiles::store_sums(sums, q.start + first, to, count);
    }
};

template <class Arithmetic>
struct TiledGemm {
    using Tiles = typename Arithmetic::Tiles;
    using Problem = typename Arithmetic::Problem;
    using Element = typename Arithmetic::Element;
    using Sum = typename Arithmetic::Sum;
    using Tile = PixelTile<Arithmetic>;

    const Problem& q;

    /// Two panels at a time (their weights stay in the first-level cache) over all pixels, then a single one.
    void run() const {
        int n = 0;
        for (; q.channels - n > kPanel; n += 2 * kPanel) columns<2, 2>(n);
        if (n < q.channels) columns<4, 1>(n);
    }

  private:
    static constexpr int kElement = static_cast<int>(sizeof(Element));
    static constexpr int kBlockElements = kTileRowBytes / kElement;

    // Accumulators are tiles 0..3, operands 4 and 5, weights 6 and 7. A dot product takes 16 cycles and its
    // result 52, so four independent ones keep the unit busy.

    /// Panels n / kPanel ... of N for all pixels, P tiles of pixels at a time.
    template <int P, int N>
    void columns(int n) const {
        const PixelTiling<Arithmetic> tiling(q);
        Tile tiles[P];
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
    void group(const Tile* tiles, int n) const {
        alignas(64) Sum sums[P * N][kTileRows * kPanel];
        accumulate<P, N>(tiles, weights_from(n));
        store<P, N, 0>(sums);
        for (int p = 0; p < P; ++p)
            for (int panel = 0; panel < N; ++panel) {
                const int first = n + panel * kPanel;
                const int count = q.channels - first < kPanel ? q.channels - first : kPanel;
                for (int i = 0; i < kTileRows; ++i)
                    if (tiles[p].out[i])
                        Arithmetic::store(q, first, sums[p * N + panel] + i * kPanel, tiles[p].out[i] + first,
                                          count);
            }
    }

    const std::byte* weights_from(int n) const {
        return static_cast<const std::byte*>(static_cast<const void*>(q.weights)) +
               n / kPanel * panel_bytes();
    }
    std::ptrdiff_t panel_bytes() const { return q.panel_stride * kElement; }

    template <int P, int N>
    void accumulate(const Tile* tiles, const std::byte* weights) const {
        clear<P * N>();
        for (int r = 0; r < q.runs; ++r)
            for (int k = 0; k < q.run_length; k += kBlockElements, weights += kTileBytes) {
                Tiles::template load<6>(weights, kTileRowBytes);
                if constexpr (N == 2) Tiles::template load<7>(weights + panel_bytes(), kTileRowBytes);
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
    [[gnu::always_inline]] void multiply(const Tile* tiles, std::ptrdiff_t offset) const {
        if constexpr (p < P) {
            constexpr int A = 4 + p % 2;
            load_operand<A>(tiles[p], offset);
            Arithmetic::template dot<p * N, A, 6>();
            if constexpr (N == 2) Arithmetic::template dot<p * N + 1, A, 7>();
            multiply<P, N, p + 1>(tiles, offset);
        }
    }

    template <int A>
    [[gnu::always_inline]] void load_operand(const Tile& tile, std::ptrdiff_t offset) const {
        if (tile.even_steps) {
            Tiles::template load<A>(tile.operand[0] + offset, q.pixels.col_stride * kElement);
            return;
        }
        alignas(64) std::byte rows[kTileBytes];
        for (int i = 0; i < kTileRows; ++i)
            __builtin_memcpy(rows + i * kTileRowBytes, tile.operand[i] + offset, kTileRowBytes);
        Tiles::template load<A>(rows, kTileRowBytes);
    }

    template <int P, int N, int C>
    static void store(Sum (&sums)[P * N][kTileRows * kPanel]) {
        if constexpr (C < P * N) {
            Tiles::template store<C>(sums[C], kTileRowBytes);
            store<P, N, C + 1>(sums);
        }
    }
};

}  // namespace nibble::kernels::amx
