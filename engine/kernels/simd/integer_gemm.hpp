// Exact products of bytes with vector registers: a tile of pixels x V vectors of output channels is summed at
// once. A vector holds the weights of one k4 group for kLanes channels; the operand's k4 group is broadcast to all of
// them.
//
// How a k4 group is added is left to an arithmetic, a class with
//   kSums     so many vectors of sums fit the registers beside what else it needs
//   kEnough   so many at a time hide how long an addition takes: higher tiles would only be more code
//   sum<Shape>(sums, q, x, n)   the sums of the pixels at x and Shape::V vectors of channels from n on
#pragma once

#include "engine/kernels/integer.hpp"
#include "engine/kernels/simd/ops.hpp"
#include "engine/kernels/simd/pixel_list.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kK4Weights = kPanel * kK4;

/// P groups of G neighbouring pixels, V vectors of channels. One address serves a group, so groups make tiles
/// of few channels possible that are high enough to keep the arithmetic busy.
template <int groups, int pixels_in_group, int vectors>
struct TileShape {
    static constexpr int P = groups, G = pixels_in_group, M = P * G, V = vectors;
    using Sums = Ints[M][V];
    using Operands = const std::uint8_t* [P];
};

[[gnu::always_inline]] inline std::int32_t load_k4(const std::uint8_t* x) {
    std::int32_t k4;
    __builtin_memcpy(&k4, x, sizeof(k4));
    return k4;
}

template <class S>
[[gnu::always_inline]] inline void start_sums(typename S::Sums& sums, const IntegerGemm& q, int n) {
    unrolled<S::V>([&](auto v) {
        const Ints start = Ints::load_unaligned(q.start + n + v * kLanes);
        unrolled<S::M>([&](auto m) { sums[m][v] = start; });
    });
}

/// sums[m][v] = Add::add(sums[m][v], x[m], weights[v]) for the k4 group at `offset`.
template <class Add, class S>
[[gnu::always_inline]] inline void add_k4(typename S::Sums& sums, const IntegerGemm& q,
                                          const typename S::Operands& x, std::ptrdiff_t offset,
                                          const Ints (&weights)[S::V]) {
    const std::ptrdiff_t next_pixel = q.pixels.col_stride;
    unrolled<S::G>([&](auto g) __attribute__((always_inline)) {
        const std::ptrdiff_t of_pixel = offset + g * next_pixel;
        unrolled<S::P>([&](auto p) __attribute__((always_inline)) {
            constexpr int m = p * S::G + g;
            const Ints k4(load_k4(x[p] + of_pixel));
            unrolled<S::V>([&](auto v) __attribute__((always_inline)) {
                sums[m][v] = Add::add(sums[m][v], k4, weights[v]);
            });
        });
    });
}

/// add_k4 for the k4 groups at [offset, end); w moves on.
template <class Add, class S>
[[gnu::always_inline]] inline void add_k4s(typename S::Sums& sums, const IntegerGemm& q,
                                           const typename S::Operands& x, std::ptrdiff_t offset,
                                           std::ptrdiff_t end, const std::int8_t*& w) {
    for (; offset < end; offset += kK4, w += kK4Weights) {
        Ints weights[S::V];
        unrolled<S::V>([&](auto v) {
            const std::int8_t* at = w + v / kVectorsPerPanel * q.panel_stride;
            weights[v] = Ints::load_unaligned(reinterpret_cast<const std::int32_t*>(at) +
                                              v % kVectorsPerPanel * kLanes);
        });
        add_k4<Add, S>(sums, q, x, offset, weights);
    }
}

/// Arithmetics whose sums are 32 bits wide at every step.
template <class Add>
struct WideSums {
    static constexpr int kSums = Add::kSums, kEnough = Add::kEnough;

    template <class S>
    [[gnu::always_inline]] static void sum(typename S::Sums& sums, const IntegerGemm& q,
                                           const typename S::Operands& x, int n) {
        start_sums<S>(sums, q, n);
        const std::int8_t* w = q.weights + n / kPanel * q.panel_stride;
        for (int r = 0; r < q.runs; ++r) {
            const std::ptrdiff_t run = r * q.run_stride;
            add_k4s<Add, S>(sums, q, x, run, run + q.run_length, w);
        }
    }
};

/// Stores the first `channels` of a row of V vectors.
template <int V>
[[gnu::always_inline]] inline void store_row(const Ints (&row)[V], std::int32_t* out, int channels) {
    if (channels >= V * kLanes) {
        unrolled<V>([&](auto v) { row[v].store_unaligned(out + v * kLanes); });
        return;
    }
    alignas(64) std::int32_t all[V * kLanes];
    unrolled<V>([&](auto v) { row[v].store_aligned(all + v * kLanes); });
    for (int n = 0; n < channels; ++n) out[n] = all[n];
}

template <class S>
[[gnu::always_inline]] inline void store_sums(const typename S::Sums& sums, const IntegerGemm& q,
                                              const IntegerPixels& pixels, int first, int n) {
    unrolled<S::P>([&](auto p) {
        unrolled<S::G>([&](auto g) {
            std::int32_t* out = pixels.out[first + p] + g * q.out_col_stride + n;
            store_row<S::V>(sums[p * S::G + g], out, q.channels - n);
        });
    });
}

template <class Arithmetic, class S>
[[gnu::noinline]] void gemm_tile(const IntegerGemm& q, const IntegerPixels& pixels, int first, int n) {
    typename S::Operands x;
    unrolled<S::P>([&](auto p) { x[p] = pixels.operand[first + p]; });
    typename S::Sums sums;
    Arithmetic::template sum<S>(sums, q, x, n);
    store_sums<S>(sums, q, pixels, first, n);
}

/// V vectors of channels from n on.
template <class Arithmetic, int G, int V>
void gemm_columns(const IntegerGemm& q, const IntegerPixels& pixels, int n) {
    constexpr int kFit = Arithmetic::kSums / V / G;
    constexpr int kHighest = kFit < Arithmetic::kEnough ? kFit : Arithmetic::kEnough;
    for_tiles<kHighest>(pixels.count(), [&](int first, auto height) {
        gemm_tile<Arithmetic, TileShape<height, G, V>>(q, pixels, first, n);
    });
}

/// Panels that are half a register tile wide at most: pixels by the dozen.
template <class Arithmetic>
void narrow_gemm(const IntegerGemm& q) {
    constexpr int kGroup = 4;
    for_pixels(q, kGroup, [&](const IntegerPixels& pixels) {
        if (q.channels > kPanel)
            gemm_columns<Arithmetic, kGroup, 2>(q, pixels, 0);
        else
            gemm_columns<Arithmetic, kGroup, 1>(q, pixels, 0);
    });
}

/// Four panels at a time, as far as registers go; then what is left.
template <class Arithmetic>
void gemm(const IntegerGemm& q) {
    if constexpr (kVectorsPerPanel == 1)
        if (q.channels <= 2 * kPanel && q.pixels.cols % 4 == 0) return narrow_gemm<Arithmetic>(q);
    for_pixels(q, 1, [&](const IntegerPixels& pixels) {
        if constexpr (kVectorsPerPanel > 1) {
            for (int n = 0; n < q.channels; n += kPanel)
                gemm_columns<Arithmetic, 1, kVectorsPerPanel>(q, pixels, n);
        } else {
            for (int n = 0; n < q.channels;) {
                const int left = (q.channels - n + kPanel - 1) / kPanel;
                const int panels = left >= 4 ? 4 : left >= 2 ? 2 : 1;
                if (panels == 1) gemm_columns<Arithmetic, 1, 1>(q, pixels, n);
                if (panels == 2) gemm_columns<Arithmetic, 1, 2>(q, pixels, n);
                if (panels == 4) gemm_columns<Arithmetic, 1, 4>(q, pixels, n);
                n += panels * kPanel;
            }
        }
    });
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
