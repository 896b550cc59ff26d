// Products of bytes without an instruction for k4 groups: pairs of products are added in 16 bits, which saturates
// unless the weights are small enough. What is too large for that, packing has split (see integer.hpp).
#pragma once

#include "engine/kernels/simd/integer_remainders.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// Sums of 16 bits, two in a lane, to one of 32.
[[gnu::always_inline]] inline Ints widen_pairs(Shorts sums) {
    return dot2_s16(sums, Shorts(1));
}

/// Each k4 group is widened to 32 bits by itself.
struct WidenedK4s {
    // 16 registers: five pixels by two vectors; a sixth would leave too few for weights, k4 group, ones and products.
    static constexpr int kSums = kRegisters == 16 ? 10 : 24, kEnough = 8;

    [[gnu::always_inline]] static Ints add(Ints sum, Ints x, Ints w) {
        return sum + widen_pairs(dot2_u8s8(x, w));
    }
};

/// Small weights: q.short_sums k4 groups are added up in 16 bits before they are widened and added to totals in
/// memory, so that registers are left for large tiles.
struct ShortSums {
    static constexpr int kSums = kRegisters == 16 ? 12 : 24, kEnough = 8;

    [[gnu::always_inline]] static Ints add(Ints sum, Ints x, Ints w) {
        return bitwise_cast<Ints>(bitwise_cast<Shorts>(sum) + dot2_u8s8(x, w));
    }

    template <class S>
    [[gnu::always_inline]] static void sum(typename S::Sums& sums, const IntegerGemm& q,
                                           const typename S::Operands& x, int n) {
        constexpr int M = S::M, V = S::V;
        alignas(64) std::int32_t totals[M][V][kLanes];
        start_sums<S>(sums, q, n);
        unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { sums[m][v].store_aligned(totals[m][v]); }); });

        const std::int8_t* w = q.weights + n / kPanel * q.panel_stride;
        std::ptrdiff_t k = 0;
        for (int r = 0; r < q.runs;) {
            const Ints zero(0);
            unrolled<M>([&](auto m) { unrolled<V>([&](auto v) { sums[m][v] = zero; }); });
            // k that may still be added in 16 bits
            for (auto room = static_cast<std::ptrdiff_t>(q.short_sums) * kK4; room > 0 && r < q.runs;) {
                const std::ptrdiff_t end = k + room < q.run_length ? k + room : q.run_length;
                const std::ptrdiff_t run = r * q.run_stride;
                add_k4s<ShortSums, S>(sums, q, x, run + k, run + end, w);
                room -= (end - k + kK4 - 1) / kK4 * kK4;
                k = end;
                if (k < q.run_length) continue;
                k = 0;
                ++r;
            }
            unrolled<M>([&](auto m) {
                unrolled<V>([&](auto v) {
                    sums[m][v] =
                        Ints::load_aligned(totals[m][v]) + widen_pairs(bitwise_cast<Shorts>(sums[m][v]));
                    sums[m][v].store_aligned(totals[m][v]);
                });
            });
        }
    }
};

/// Weights of 16 bits, operands widened to them, products added in 32: whatever the weights are, for twice
/// the work.
struct Words {
    static constexpr int kSums = kRegisters == 16 ? 8 : 24, kEnough = 8;

    template <class S>
    [[gnu::always_inline]] static void sum(typename S::Sums& sums, const IntegerGemm& q,
                                           const typename S::Operands& x, int n) {
        start_sums<S>(sums, q, n);
        const std::int8_t* w = q.weights + n / kPanel * q.panel_stride;
        for (int r = 0; r < q.runs; ++r)
            for (std::ptrdiff_t k = 0; k < q.run_length; k += kK4, w += 2 * kK4Weights)
                add_k4<S>(sums, q, x, r * q.run_stride + k, w);
    }

  private:
    template <class S>
    [[gnu::always_inline]] static void add_k4(typename S::Sums& sums, const IntegerGemm& q,
                                              const typename S::Operands& x, std::ptrdiff_t offset,
                                              const std::int8_t* w) {
        Shorts even[S::V], odd[S::V];
        unrolled<S::V>([&](auto v) {
            const auto* at = reinterpret_cast<const std::int16_t*>(w + v / kVectorsPerPanel * q.panel_stride);
            even[v] = Shorts::load_unaligned(at + v % kVectorsPerPanel * 2 * kLanes);
            odd[v] = Shorts::load_unaligned(at + 2 * kPanel + v % kVectorsPerPanel * 2 * kLanes);
        });
        unrolled<S::M>([&](auto m) __attribute__((always_inline)) {
            const Ints k4(load_k4(x[m / S::G] + offset + m % S::G * q.pixels.col_stride));
            const Shorts evens = bitwise_cast<Shorts>(k4) & Shorts(0xff);
            const Shorts odds = bitwise_cast<Shorts>(bitwise_cast<UShorts>(k4) >> 8);
            unrolled<S::V>([&](auto v) __attribute__((always_inline)) {
                sums[m][v] = sums[m][v] + (dot2_s16(evens, even[v]) + dot2_s16(odds, odd[v]));
            });
        });
    }
};

inline void gemm_of_pairs(const IntegerGemm& q) {
    // Below, moving the totals costs more than it saves.
    constexpr int kFewest = 4;
    if (q.short_sums >= kFewest)
        gemm<ShortSums>(q);
    else if (q.words)
        gemm<Words>(q);
    else
        gemm<WideSums<WidenedK4s>>(q);
    if (q.remainders) add_remainders(q);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
