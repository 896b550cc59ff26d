// Adds what packing took from weights too large for sums of two products in 16 bits (see integer.hpp).
#pragma once

#include "engine/kernels/simd/integer_gemm.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kHalfPanel = kPanel / 2;

/// to[n] += sums[n] for the first `channels` of half a panel.
[[gnu::always_inline]] inline void add_half(HalfInts sums, std::int32_t* to, int channels) {
    if (channels >= kHalfPanel) {
        (HalfInts::load_unaligned(to) + sums).store_unaligned(to);
        return;
    }
    alignas(64) std::int32_t some[kHalfPanel];
    sums.store_aligned(some);
    for (int n = 0; n < channels; ++n) to[n] += some[n];
}

/// Remainders [rest, end) of the half panel whose channels begin at n, to M pixels.
template <int M>
[[gnu::noinline]] void remainder_tile(const IntegerGemm& q, const IntegerPixels& pixels, int first, int n,
                                      const Remainder* rest, const Remainder* end) {
    const std::uint8_t* x[M];
    unrolled<M>([&](auto m) { x[m] = pixels.operand[first + m]; });
    while (rest != end) {
        HalfShorts sums[M];
        unrolled<M>([&](auto m) { sums[m] = HalfShorts(0); });
        bool ends;
        do {
            const std::ptrdiff_t offset = rest->run * q.run_stride + rest->k;
            const auto weights =
                HalfInts::load_unaligned(reinterpret_cast<const std::int32_t*>(rest->weights));
            unrolled<M>(
                [&](auto m) { sums[m] = sums[m] + dot2_u8s8(HalfInts(load_k4(x[m] + offset)), weights); });
            ends = rest++->ends_sum;
        } while (!ends);
        unrolled<M>([&](auto m) {
            add_half(dot2_s16(sums[m], HalfShorts(1)), pixels.out[first + m] + n, q.channels - n);
        });
    }
}

inline void add_remainders(const IntegerGemm& q) {
    constexpr int kTileHeight = 10;
    for_pixels(q, 1, [&](const IntegerPixels& pixels) {
        for (int n = 0; n < q.channels; n += kHalfPanel) {
            const Remainder* begin = q.remainders + q.first_remainder[n / kHalfPanel];
            const Remainder* end = q.remainders + q.first_remainder[n / kHalfPanel + 1];
            if (begin == end) continue;
            for_tiles<kTileHeight>(pixels.count(), [&](int first, auto height) {
                remainder_tile<height>(q, pixels, first, n, begin, end);
            });
        }
    });
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
