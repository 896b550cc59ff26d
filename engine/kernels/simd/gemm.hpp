// Gemm sums with vector registers: M rows x V vectors of output channels are accumulated at once.
//
// Vectors run over output channels, rows over pixels (or, for weight gradients, over k); never is a vector
// laid along the summation, so each output keeps the one chain of FMAs that the reference defines. The file
// is included by one .cpp per instruction set.
#pragma once

#include "engine/kernels/simd/ops.hpp"
#include "engine/kernels/simd/pixel_list.hpp"
#include "engine/kernels/table.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

// Register tiles: of 16 registers, 6 rows x 2 vectors of accumulators, 2 weights, 1 broadcast operand; of 32,
// 12 rows x 2 vectors, or 6 x 4, which needs fewer addresses.
inline constexpr int kVectors = kVectorsPerPanel > 2 ? kVectorsPerPanel : 2;
inline constexpr int kRows = (kRegisters == 16 ? 12 : 24) / kVectors;

template <int M, int V>
using Tile = Vec[M][V];

template <int M, int V>
[[gnu::always_inline]] inline void clear(Tile<M, V>& acc) {
    unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { acc[m][v] = Vec(0.0f); }); });
}

/// acc[m][v] = fma(x[m][k], w[v], acc[m][v])
template <int M, int V>
[[gnu::always_inline]] inline void term(Tile<M, V>& acc, const Gemm& q, const float* const (&x)[M],
                                        std::ptrdiff_t k, const float* w) {
    Vec weight[V];
    unrolled<V>([&](auto v) {
        weight[v] =
            Vec::load_unaligned(w + v / kVectorsPerPanel * q.panel_stride + v % kVectorsPerPanel * kLanes);
    });
    unrolled<M>([&](auto m) {
        const Vec broadcast(x[m][k]);
        unrolled<V>([&](auto v) { acc[m][v] = fma(broadcast, weight[v], acc[m][v]); });
    });
}

/// The even or the odd terms of a block, from k on. A loop over so few terms slows AVX2 down, so there whole
/// blocks have none. With 32 registers this is not measured: their many tiles would take much longer to compile.
template <int M, int V>
[[gnu::always_inline]] inline void half_block(Tile<M, V>& acc, const Gemm& q, const float* const (&x)[M],
                                              std::ptrdiff_t k, int terms, const float* w) {
    clear<M, V>(acc);
    if (kRegisters == 16 && terms == kBlock / 2) {
#pragma GCC unroll 16
        for (int i = 0; i < kBlock / 2; ++i) term(acc, q, x, k + 2 * i, w + i * kPanel);
    } else {
        for (int i = 0; i < terms; ++i) term(acc, q, x, k + 2 * i, w + i * kPanel);
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

/// Sets the lanes of a row of V vectors that lie in the first `channels`.
template <int V>
[[gnu::always_inline]] inline void load_row(Vec (&row)[V], const float* from, int channels) {
    if (channels >= V * kLanes) {
        unrolled<V>([&](auto v) { row[v] = Vec::load_unaligned(from + v * kLanes); });
        return;
    }
    alignas(64) float all[V * kLanes] = {};
    for (int n = 0; n < channels; ++n) all[n] = from[n];
    unrolled<V>([&](auto v) { row[v] = Vec::load_aligned(all + v * kLanes); });
}

/// A part of the sums: those of terms [begin, end) that an area has; first and last term lie in these runs.
struct Terms {
    int begin, end, first_run, end_run;
    const Area* area;
};

/// One chain over all runs, in parts whose weights stay in the first-level cache while all pixels use them.
struct ChainF32 {
    static constexpr int kMostTerms = 256;

    template <int M, int V>
    [[gnu::always_inline]] static void sum(Tile<M, V>& acc, const Gemm& q, const float* const (&x)[M],
                                           const float* w, Terms terms) {
        const Area& area = *terms.area;
        const int end_run = terms.end_run < area.end_run ? terms.end_run : area.end_run;
        for (int run = terms.first_run > area.first_run ? terms.first_run : area.first_run; run < end_run;
             ++run) {
            const int zero = run * q.run_length;
            const int begin = terms.begin - zero > area.first_k ? terms.begin - zero : area.first_k;
            const int end = terms.end - zero < area.end_k ? terms.end - zero : area.end_k;
            const float* of_run = w + static_cast<std::ptrdiff_t>(zero + begin) * kPanel;
            for (int k = begin; k < end; ++k, of_run += kPanel)
                term(acc, q, x, run * q.run_stride + k, of_run);
        }
    }
};

/// Blocks of 32: even terms, odd terms, their sum added. Weights are packed [run][block][even 16 | odd
/// 16][panel].
struct BlocksBf16 {
    static constexpr int kMostTerms = 1 << 30;

    template <int M, int V>
    [[gnu::always_inline]] static void sum(Tile<M, V>& acc, const Gemm& q, const float* const (&x)[M],
                                           const float* w, Terms) {
        alignas(64) float total[M][V][kLanes], even[M][V][kLanes];
        const Vec zero(0.0f);
        unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { zero.store_aligned(total[m][v]); }); });
        for (int r = 0; r < q.runs; ++r)
            for (int k = 0; k < q.run_length; k += kBlock) {
                const std::ptrdiff_t begin = r * q.run_stride + k;
                const int terms = q.run_length - k < kBlock ? q.run_length - k : kBlock;
                half_block(acc, q, x, begin, (terms + 1) / 2, w);
                unrolled<M>(
                    [&](auto m) { unrolled<V>([&](auto v) { acc[m][v].store_aligned(even[m][v]); }); });
                half_block(acc, q, x, begin + 1, terms / 2, w + kBlock / 2 * kPanel);
                w += kBlock * kPanel;
                unrolled<M>([&](auto m) {
                    unrolled<V>([&](auto v) {
                        const Vec block = Vec::load_aligned(even[m][v]) + acc[m][v];
                        (Vec::load_aligned(total[m][v]) + block).store_aligned(total[m][v]);
                    });
                });
            }
        unrolled<M>(
            [&](auto m) { unrolled<V>([&](auto v) { acc[m][v] = Vec::load_aligned(total[m][v]); }); });
    }
};

template <class Sum, int M, int V>
[[gnu::noinline]] void gemm_tile(const Gemm& q, const FloatPixels& pixels, int first, int n, Terms terms,
                                 bool continued) {
    const float* x[M];
    unrolled<M>([&](auto m) { x[m] = pixels.operand[first + m]; });
    Tile<M, V> acc;
    clear<M, V>(acc);
    if (continued)
        unrolled<M>([&](auto m) { load_row<V>(acc[m], pixels.out[first + m] + n, q.channels - n); });
    Sum::template sum<M, V>(acc, q, x, static_cast<const float*>(q.weights) + n / kPanel * q.panel_stride,
                            terms);
    const Vec zero(0.0f);  // x + 0: -0 becomes +0, which leaves a chain that continues as it is
    unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { acc[m][v] = acc[m][v] + zero; }); });
    unrolled<M>([&](auto m) { store_row<V>(acc[m], pixels.out[first + m] + n, q.channels - n); });
}

/// V vectors of channels from n on.
template <class Sum, int V>
void gemm_columns(const Gemm& q, const FloatPixels& pixels, int n) {
    constexpr int kHighest = V > kVectors ? kRows * kVectors / V : kRows;
    const int all = q.runs * q.run_length;
    const int parts = pixels.count() > kHighest ? (all + Sum::kMostTerms - 1) / Sum::kMostTerms : 1;
    const int most = parts > 1 ? (all + parts - 1) / parts : all;
    int begin = 0;
    do {
        Terms terms{begin, all - begin < most ? all : begin + most, 0, q.runs, nullptr};
        if (parts > 1) {
            terms.first_run = begin / q.run_length;
            terms.end_run = (terms.end + q.run_length - 1) / q.run_length;
        }
        for (int i = 0; i < pixels.part_count(); ++i) {
            const FloatPixels::Part& part = pixels.parts[i];
            const Area& area = *part.area;
            const int first_term = area.first_run * q.run_length + area.first_k;
            const int end_term = (area.end_run - 1) * q.run_length + area.end_k;
            const bool continued = begin > first_term;
            if ((continued && begin >= end_term) || (first_term > 0 && terms.end <= first_term)) continue;
            terms.area = &area;
            for_tiles<kHighest>(part.count, [&](int first, auto height) {
                gemm_tile<Sum, height, V>(q, pixels, part.first + first, n, terms, continued);
            });
        }
        begin = terms.end;
    } while (begin < all);
}

template <class Sum>
void gemm(const Gemm& q) {
    for_areas(q, [&](const FloatPixels& pixels) {
        int n = 0;
        // Four panels: as many registers as AVX-512 fills; for AVX2, what keeps a lone pixel's chains busy.
        if (kVectorsPerPanel == 1 || pixels.count() == 1)
            for (; q.channels - n > 3 * kPanel; n += 4 * kPanel)
                gemm_columns<Sum, 4 * kVectorsPerPanel>(q, pixels, n);
        constexpr int kStep = kVectors * kLanes;
        for (; q.channels - n > kStep - kLanes; n += kStep) gemm_columns<Sum, kVectors>(q, pixels, n);
        const int left = (q.channels - n + kLanes - 1) / kLanes;
        unrolled<kVectors - 1>([&](auto v) {
            if (left == v + 1) gemm_columns<Sum, v + 1>(q, pixels, n);
        });
    });
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
        float* to = q.gradient + k * q.gradient_stride + channel;
        Tile<M, V> acc;
        unrolled<M>([&](auto m) {
            unrolled<V>(
                [&](auto v) { acc[m][v] = Vec::load_unaligned(to + m * q.gradient_stride + v * kLanes); });
        });
        pixel_chain<M, V>(acc, q, k, channel, 0, 1, q.pixels.rows * q.pixels.cols);
        unrolled<M>([&](auto m) {
            unrolled<V>([&](auto v) { acc[m][v].store_unaligned(to + m * q.gradient_stride + v * kLanes); });
        });
    }
};

struct PixelsBf16 {
    template <int M, int V>
    static void add(const WeightGradient& q, int k, int channel) {
        float* to = q.gradient + k * q.gradient_stride + channel;
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
                    float* at = to + m * q.gradient_stride + v * kLanes;
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
    for (; q.channels - n > kStep - kLanes; n += kStep) weight_gradient_columns<Add, kVectors>(q, n);
    for (; n < q.channels; n += kLanes) weight_gradient_columns<Add, 1>(q, n);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
