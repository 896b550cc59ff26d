// The one header that includes xsimd. Include it only from files compiled for one instruction set.
#pragma once

// GCC 12's own AVX-512 headers read deliberately undefined registers and warn about it (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cstdint>
#include <utility>
#include <xsimd/xsimd.hpp>

#if defined(__AVX512VNNI__)
#define NIBBLE_SIMD_NAMESPACE avx512vnni
#elif defined(__AVX512BW__)
#define NIBBLE_SIMD_NAMESPACE avx512
#elif defined(__AVXVNNI__)
#define NIBBLE_SIMD_NAMESPACE avxvnni
#elif defined(__AVX2__) && defined(__FMA__)
#define NIBBLE_SIMD_NAMESPACE avx2
#else
#error "compile this file with the flags of one vector instruction set"
#endif

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

#if defined(__AVX512BW__)
using Arch = xsimd::avx512bw;
#else
using Arch = xsimd::fma3<xsimd::avx2>;
#endif
using Vec = xsimd::batch<float, Arch>;
using Ints = xsimd::batch<std::int32_t, Arch>;
inline constexpr int kLanes = static_cast<int>(Vec::size);

/// x * y + z with one rounding. Not xsimd::fma: for AVX-512, xsimd 8.1 multiplies and adds.
[[gnu::always_inline]] inline Vec fma(Vec x, Vec y, Vec z) {
#if defined(__AVX512BW__)
    return Vec(_mm512_fmadd_ps(x, y, z));
#else
    return Vec(_mm256_fmadd_ps(x, y, z));
#endif
}

/// bfloat16 values widened to float.
[[gnu::always_inline]] inline Vec widen(const std::uint16_t* from) {
#if defined(__AVX512BW__)
    const __m512i u = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    return Vec(_mm512_castsi512_ps(_mm512_slli_epi32(u, 16)));
#else
    const __m256i u = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    return Vec(_mm256_castsi256_ps(_mm256_slli_epi32(u, 16)));
#endif
}

/// The bits of the nearest bfloat16 (ties to even) in the upper half of each lane, junk below; NaN stays NaN.
#if defined(__AVX512BW__)
[[gnu::always_inline]] inline __m512i nearest_bf16(Vec x) {
    const __m512 f = x;
    const __m512i u = _mm512_castps_si512(f);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const __m512i r = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i quiet = _mm512_or_si512(u, _mm512_set1_epi32(0x400000));
    return _mm512_mask_mov_epi32(r, _mm512_cmp_ps_mask(f, f, _CMP_UNORD_Q), quiet);
}
#else
[[gnu::always_inline]] inline __m256i nearest_bf16(Vec x) {
    const __m256 f = x;
    const __m256i u = _mm256_castps_si256(f);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
    const __m256i r = _mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(u, _mm256_set1_epi32(0x400000));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(f, f, _CMP_UNORD_Q));
    return _mm256_blendv_epi8(r, quiet, nan);
}
#endif

/// Stores the nearest bfloat16 of each lane.
[[gnu::always_inline]] inline void narrow(Vec x, std::uint16_t* to) {
#if defined(__AVX512BW__)
    const __m256i bits = _mm512_cvtepi32_epi16(_mm512_srli_epi32(nearest_bf16(x), 16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bits);
#else
    const __m256i bits = _mm256_srli_epi32(nearest_bf16(x), 16);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(bits, bits), 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
#endif
}

/// Each lane rounded to the nearest bfloat16.
[[gnu::always_inline]] inline Vec round_to_bf16(Vec x) {
#if defined(__AVX512BW__)
    return Vec(_mm512_castsi512_ps(_mm512_and_si512(nearest_bf16(x), _mm512_set1_epi32(-65536))));
#else
    return Vec(_mm256_castsi256_ps(_mm256_and_si256(nearest_bf16(x), _mm256_set1_epi32(-65536))));
#endif
}

/// Calls f(0), f(1), ... f(N-1) with the index as a constant: the loop is gone after inlining, and arrays of
/// vectors indexed by it live in registers with either compiler.
template <int N, class F>
[[gnu::always_inline]] inline void unrolled(F&& f) {
    [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
        (f(std::integral_constant<int, I>{}), ...);
    }
    (std::make_integer_sequence<int, N>{});
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
