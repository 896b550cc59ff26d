// Adds what packing took from weights too large for sums of two products in 16 bits (see integer.hpp). Half a
// panel is a vector of 256 bits for every instruction set.
#pragma once

#include "engine/kernels/simd/pixel_list.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kHalfPanel = kPanel / 2;

/// to[n] += sums[n] for the first `channels` of half a panel.
[[gnu::always_inline]] inline void add_half(__m256i sums, std::int32_t* to, int channels) {
    if (channels >= kHalfPanel) {
        auto* all = reinterpret_cast<__m256i*>(to);
        _mm256_storeu_si256(all, _mm256_add_epi32(_mm256_loadu_si256(all), sums));
        return;
    }
    alignas(32) std::int32_t some[kHalfPanel];
    _mm256_store_si256(reinterpret_cast<__m256i*>(some), sums);
    for (int n = 0; n < channels; ++n) to[n] += some[n];
}

/// Remainders [rest, end) of the half panel whose channels begin at n, to M pixels.
template <int M>
[[gnu::noinline]] void remainder_tile(const IntegerProduct& q, const IntegerPixels& pixels, int first, int n,
                                      const Remainder* rest, const Remainder* end) {
    const std::uint8_t* x[M];
    unrolled<M>([&](auto m) { x[m] = pixels.operand[first + m]; });
    while (rest != end) {
        __m256i sums[M];
        unrolled<M>([&](auto m) { sums[m] = _mm256_setzero_si256(); });
        bool ends;
        do {
            const std::ptrdiff_t offset = rest->run * q.run_stride + rest->k;
            const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rest->weights));
            unrolled<M>([&](auto m) {
                std::int32_t k4;
                __builtin_memcpy(&k4, x[m] + offset, sizeof(k4));
                const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi32(k4), weights);
                sums[m] = _mm256_add_epi16(sums[m], pairs);
            });
            ends = rest++->ends_sum;
        } while (!ends);
        unrolled<M>([&](auto m) {
            const __m256i wide = _mm256_madd_epi16(sums[m], _mm256_set1_epi16(1));
            add_half(wide, pixels.out[first + m] + n, q.channels - n);
        });
    }
}

inline void add_remainders(const IntegerProduct& q) {
    constexpr int kRows = 10;
    for_pixels(q, 1, [&](const IntegerPixels& pixels) {
        for (int n = 0; n < q.channels; n += kHalfPanel) {
            const Remainder* begin = q.remainders + q.first_remainder[n / kHalfPanel];
            const Remainder* end = q.remainders + q.first_remainder[n / kHalfPanel + 1];
            if (begin == end) continue;
            for_tiles<kRows>(pixels.count(), [&](int first, auto height) {
                remainder_tile<height>(q, pixels, first, n, begin, end);
            });
        }
    });
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
