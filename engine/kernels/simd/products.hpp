// Product sums with vector registers: M rows x V vectors of output channels are accumulated at once.
//
// Vectors run over output channels, rows over pixels (or, for weight gradients, over k); never is a vector
// laid along the summation, so each output keeps the one chain of FMAs that the reference defines. The file
// is included by one .cpp per instruction set.
#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/table.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

// Register tiles. AVX2 has 16 registers: 6 rows x 2 vectors of accumulators, 2 weights, 1 broadcast operand.
// AVX-512 has 32: 12 rows x 2 vectors (two panels of 16 channels) leave room to spare.
inline constexpr int kRows = kLanes == 8 ? 6 : 12;
inline constexpr int kVectors = 2;
inline constexpr int kVectorsPerPanel = kPanel / kLanes;

template <int M, int V>
using Tile = Vec[M][V];

template <int M, int V>
[[gnu::always_inline]] inline void clear(Tile<M, V>& acc) {
    unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { acc[m][v] = Vec(0.0f); }); });
}

/// acc[m][v] = fma(x[m][k * x_step], w[v][k * w_step], acc[m][v]) for k in [0, count)
template <int M, int V>
[[gnu::always_inline]] inline void chain(Tile<M, V>& acc, const float* const (&x)[M], std::ptrdiff_t x_step,
                                         const float* const (&w)[V], std::ptrdiff_t w_step, int count) {
    for (std::ptrdiff_t k = 0; k < count; ++k) {
        Vec weight[V];
        unrolled<V>([&](auto v) { weight[v] = Vec::load_unaligned(w[v] + k * w_step); });
        unrolled<M>([&](auto m) {
            const Vec broadcast(x[m][k * x_step]);
            unrolled<V>([&](auto v) { acc[m][v] = fma(broadcast, weight[v], acc[m][v]); });
        });
    }
}

/// Stores the first `channels` of a row of V vectors.
template <int V>
[[gnu::always_inline]] inline void store_row(const Vec (&row)[V], float* out, int channels) {
    if (channels >= V * kLanes) {
        unrolled<V>([&](auto v) { row[v].store_unaligned(out + v * kLanes); });
        return;
    }
    alignas(64) float all[V * kLanes];
    unrolled<V>([&](auto v) { row[v].store_aligned(all + v * kLanes); });
    for (int n = 0; n < channels; ++n) out[n] = all[n];
}

/// Walks over the pixels of a grid in order.
struct PixelCursor {
    const Product& q;
    int row = 0, col = 0;

    template <class T>
    const T* operand() const {
        return static_cast<const T*>(q.operand) + row * q.pixels.row_stride + col * q.pixels.col_stride;
    }
    float* out() const { return q.out + row * q.out_row_stride + col * q.out_col_stride; }
    void next() {
        if (++col == q.pixels.cols) {
            col = 0;
            ++row;
        }
    }
};

/// One chain over all runs.
struct ChainF32 {
    template <int M, int V>
    [[gnu::always_inline]] static void sum(Tile<M, V>& acc, const Product& q, const float* (&x)[M],
                                           const float* (&w)[V]) {
        clear<M, V>(acc);
        for (int r = 0; r < q.runs; ++r) {
            chain<M, V>(acc, x, 1, w, kPanel, q.run_length);
            unrolled<M>([&](auto m) { x[m] += q.run_stride; });
            unrolled<V>([&](auto v) { w[v] += static_cast<std::ptrdiff_t>(q.run_length) * kPanel; });
        }
    }
};

/// Blocks of 32: even terms, odd terms, their sum added. Weights are packed [run][block][even 16 | odd
/// 16][panel].
struct BlocksBf16 {
    template <int M, int V>
    [[gnu::always_inline]] static void sum(Tile<M, V>& acc, const Product& q, const float* (&x)[M],
                                           const float* (&w)[V]) {
        alignas(64) float total[M][V][kLanes], even[M][V][kLanes];
        const Vec zero(0.0f);
        unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { zero.store_aligned(total[m][v]); }); });
        for (int r = 0; r < q.runs; ++r) {
            for (int k = 0; k < q.run_length; k += kBlock) {
                const int terms = q.run_length - k < kBlock ? q.run_length - k : kBlock;
                const float* at[M];
                unrolled<M>([&](auto m) { at[m] = x[m] + k; });
                clear<M, V>(acc);
                chain<M, V>(acc, at, 2, w, kPanel, (terms + 1) / 2);
                unrolled<M>(
                    [&](auto m) { unrolled<V>([&](auto v) { acc[m][v].store_aligned(even[m][v]); }); });
                unrolled<M>([&](auto m) { ++at[m]; });
                unrolled<V>([&](auto v) { w[v] += kBlock / 2 * kPanel; });
                clear<M, V>(acc);
                chain<M, V>(acc, at, 2, w, kPanel, terms / 2);
                unrolled<V>([&](auto v) { w[v] += kBlock / 2 * kPanel; });
                unrolled<M>([&](auto m) {
                    unrolled<V>([&](auto v) {
                        const Vec block = Vec::load_aligned(even[m][v]) + acc[m][v];
                        (Vec::load_aligned(total[m][v]) + block).store_aligned(total[m][v]);
                    });
                });
            }
            unrolled<M>([&](auto m) { x[m] += q.run_stride; });
        }
        unrolled<M>(
            [&](auto m) { unrolled<V>([&](auto v) { acc[m][v] = Vec::load_aligned(total[m][v]); }); });
    }
};

template <class Sum, int M, int V>
void product_tile(PixelCursor& pixel, const float* weights, int channels, int first) {
    const Product& q = pixel.q;
    const float* x[M];
    float* out[M];
    unrolled<M>([&](auto m) {
        x[m] = pixel.operand<float>();
        out[m] = pixel.out() + first;
        pixel.next();
    });
    const float* w[V];
    unrolled<V>([&](auto v) {
        w[v] = weights + v / kVectorsPerPanel * q.panel_stride + v % kVectorsPerPanel * kLanes;
    });
    Tile<M, V> acc;
    Sum::template sum<M, V>(acc, q, x, w);
    const Vec zero(0.0f);  // x + 0: -0 becomes +0
    unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { acc[m][v] = acc[m][v] + zero; }); });
    unrolled<M>([&](auto m) { store_row<V>(acc[m], out[m], channels); });
}

/// All pixels for V vectors of channels: full tiles, then smaller ones for the pixels that are left.
template <class Sum, int V>
void product_columns(const Product& q, const float* weights, int channels, int first) {
    int left = q.pixels.rows * q.pixels.cols;
    PixelCursor pixel{q};
    for (; left >= kRows; left -= kRows) product_tile<Sum, kRows, V>(pixel, weights, channels, first);
    constexpr int kSmall = kRows / 3;  // 2 or 4
    for (; left >= 2 * kSmall; left -= 2 * kSmall)
        product_tile<Sum, 2 * kSmall, V>(pixel, weights, channels, first);
    for (; left >= kSmall; left -= kSmall) product_tile<Sum, kSmall, V>(pixel, weights, channels, first);
    for (; left > 0; --left) product_tile<Sum, 1, V>(pixel, weights, channels, first);
}

template <class Sum>
void product(const Product& q) {
    const auto* weights = static_cast<const float*>(q.weights);
    constexpr int kStep = kVectors * kLanes;  // one panel (AVX2) or two (AVX-512)
    int n = 0;
    for (; q.channels - n > kStep - kPanel; n += kStep)
        product_columns<Sum, kVectors>(q, weights + n / kPanel * q.panel_stride, q.channels - n, n);
    if constexpr (kVectorsPerPanel < kVectors)
        if (n < q.channels)
            product_columns<Sum, kVectorsPerPanel>(q, weights + n / kPanel * q.panel_stride, q.channels - n,
                                                   n);
}

// ---- weight gradients: rows are k, the summation runs over pixels ----

/// Adds `count` pixels, every `step`-th from `first` on, to the chains of an M x V tile.
template <int M, int V>
[[gnu::always_inline]] inline void pixel_chain(Tile<M, V>& acc, const WeightGradient& q, int k, int channel,
                                               int first, int step, int count) {
    const auto* operand = static_cast<const float*>(q.operand) + k;
    const auto* gradient = static_cast<const float*>(q.dy) + channel;
    int row = first / q.pixels.cols, col = first % q.pixels.cols;
    while (count > 0) {
        const int in_row = (q.pixels.cols - col + step - 1) / step;
        const int here = in_row < count ? in_row : count;
        const float* x = operand + row * q.pixels.row_stride + col * q.pixels.col_stride;
        const float* dy = gradient + row * q.dy_row_stride + col * q.dy_col_stride;
        for (int i = 0; i < here; ++i) {
            Vec d[V];
            unrolled<V>([&](auto v) { d[v] = Vec::load_unaligned(dy + v * kLanes); });
            unrolled<M>([&](auto m) {
                const Vec broadcast(x[m]);
                unrolled<V>([&](auto v) { acc[m][v] = fma(broadcast, d[v], acc[m][v]); });
            });
            x += step * q.pixels.col_stride;
            dy += step * q.dy_col_stride;
        }
        count -= here;
        for (col += here * step; col >= q.pixels.cols; col -= q.pixels.cols) ++row;
    }
}

struct PixelsF32 {
    template <int M, int V>
    static void add(const WeightGradient& q, int k, int channel) {
        float* to = q.gradient + static_cast<std::ptrdiff_t>(k) * q.channels + channel;
        Tile<M, V> acc;
        unrolled<M>([&](auto m) {
            unrolled<V>([&](auto v) { acc[m][v] = Vec::load_unaligned(to + m * q.channels + v * kLanes); });
        });
        pixel_chain<M, V>(acc, q, k, channel, 0, 1, q.pixels.rows * q.pixels.cols);
        unrolled<M>([&](auto m) {
            unrolled<V>([&](auto v) { acc[m][v].store_unaligned(to + m * q.channels + v * kLanes); });
        });
    }
};

struct PixelsBf16 {
    template <int M, int V>
    static void add(const WeightGradient& q, int k, int channel) {
        float* to = q.gradient + static_cast<std::ptrdiff_t>(k) * q.channels + channel;
        const int pixels = q.pixels.rows * q.pixels.cols;
        alignas(64) float even[M][V][kLanes];
        for (int p = 0; p < pixels; p += kBlock) {
            const int terms = pixels - p < kBlock ? pixels - p : kBlock;
            Tile<M, V> acc;
            clear<M, V>(acc);
            pixel_chain<M, V>(acc, q, k, channel, p, 2, (terms + 1) / 2);
            unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { acc[m][v].store_aligned(even[m][v]); }); });
            clear<M, V>(acc);
            pixel_chain<M, V>(acc, q, k, channel, p + 1, 2, terms / 2);
            unrolled<M>([&](auto m) {
                unrolled<V>([&](auto v) {
                    float* at = to + m * q.channels + v * kLanes;
                    const Vec block = Vec::load_aligned(even[m][v]) + acc[m][v];
                    (Vec::load_unaligned(at) + block).store_unaligned(at);
                });
            });
        }
    }
};

template <class Add, int V>
void weight_gradient_columns(const WeightGradient& q, int channel) {
    int k = 0;
    for (; k + kRows <= q.run_length; k += kRows) Add::template add<kRows, V>(q, k, channel);
    constexpr int kSmall = kRows / 3;
    for (; k + kSmall <= q.run_length; k += kSmall) Add::template add<kSmall, V>(q, k, channel);
    for (; k < q.run_length; ++k) Add::template add<1, V>(q, k, channel);
}

template <class Add>
void weight_gradient(const WeightGradient& q) {
    constexpr int kStep = kVectors * kLanes;
    int n = 0;
    for (; q.channels - n >= kStep; n += kStep) weight_gradient_columns<Add, kVectors>(q, n);
    if constexpr (kVectorsPerPanel < kVectors)
        if (n < q.channels) weight_gradient_columns<Add, kVectorsPerPanel>(q, n);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
