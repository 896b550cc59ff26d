// Operations (see ops.hpp) of AVX-512 with F, BW, DQ and VL.
#pragma once

#include "engine/kernels/simd.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kRegisters = 32;

template <class T>
using Batch = xsimd::batch<T, xsimd::avx512bw>;
using Vec = Batch<float>;
using Ints = Batch<std::int32_t>;
using UInts = Batch<std::uint32_t>;
using Shorts = Batch<std::int16_t>;
using UShorts = Batch<std::uint16_t>;
using Bytes = Batch<std::int8_t>;
using HalfInts = xsimd::batch<std::int32_t, xsimd::avx2>;
using HalfShorts = xsimd::batch<std::int16_t, xsimd::avx2>;

[[gnu::always_inline]] inline Vec fma(Vec x, Vec y, Vec z) {
    return _mm512_fmadd_ps(x, y, z);
}
using xsimd::max;
using xsimd::min;

[[gnu::always_inline]] inline Ints floor_to_int(Vec x) {
    return _mm512_cvt_roundps_epi32(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

[[gnu::always_inline]] inline Ints permute(Ints x, Ints at) {
    return _mm512_permutexvar_epi32(at, x);
}

[[gnu::always_inline]] inline Vec select_negative(Ints by, Vec x, Vec y) {
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(by), y, x);
}

/// Not xsimd's select: a masked move merges with the operation that computes x.
[[gnu::always_inline]] inline UInts select_nan(Vec of, UInts x, UInts y) {
    return _mm512_mask_mov_epi32(y, isnan(of), x);
}

[[gnu::always_inline]] inline Ints load_u8(const std::uint8_t* from) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
[[gnu::always_inline]] inline Ints load_s8(const std::int8_t* from) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
[[gnu::always_inline]] inline Ints load_u16(const std::uint16_t* from) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

[[gnu::always_inline]] inline void store_u8(Ints x, std::uint8_t* to) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(x));
}
[[gnu::always_inline]] inline void store_u16(UInts x, std::uint16_t* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(x));
}

/// A line of the cache.
inline constexpr int kStoredTogether = 4;
[[gnu::always_inline]] inline void store_u8(const Ints (&x)[kStoredTogether], std::uint8_t* to) {
    // Packing interleaves the quarters of its operands; fours of bytes then go to their places.
    const __m512i places = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i low = _mm512_packs_epi32(x[0], x[1]);
    const __m512i high = _mm512_packs_epi32(x[2], x[3]);
    _mm512_storeu_si512(to, _mm512_permutexvar_epi32(places, _mm512_packus_epi16(low, high)));
}

template <class T>
[[gnu::always_inline]] inline void load_n(const T* from, T* to, int n) {
    const auto first = static_cast<__mmask16>((1 << n) - 1);
    if constexpr (sizeof(T) == 4)
        _mm512_store_si512(to, _mm512_maskz_loadu_epi32(first, from));
    else if constexpr (sizeof(T) == 2)
        _mm256_store_si256(reinterpret_cast<__m256i*>(to), _mm256_maskz_loadu_epi16(first, from));
    else
        _mm_store_si128(reinterpret_cast<__m128i*>(to), _mm_maskz_loadu_epi8(first, from));
}
template <class T>
[[gnu::always_inline]] inline void store_n(const T* from, T* to, int n) {
    const auto first = static_cast<__mmask16>((1 << n) - 1);
    if constexpr (sizeof(T) == 4)
        _mm512_mask_storeu_epi32(to, first, _mm512_load_si512(from));
    else if constexpr (sizeof(T) == 2)
        _mm256_mask_storeu_epi16(to, first, _mm256_load_si256(reinterpret_cast<const __m256i*>(from)));
    else
        _mm_mask_storeu_epi8(to, first, _mm_load_si128(reinterpret_cast<const __m128i*>(from)));
}

[[gnu::always_inline]] inline Shorts dot2_u8s8(Ints x, Ints w) {
    return _mm512_maddubs_epi16(x, w);
}
[[gnu::always_inline]] inline HalfShorts dot2_u8s8(HalfInts x, HalfInts w) {
    return _mm256_maddubs_epi16(x, w);
}
[[gnu::always_inline]] inline Ints dot2_s16(Shorts x, Shorts w) {
    return _mm512_madd_epi16(x, w);
}
[[gnu::always_inline]] inline HalfInts dot2_s16(HalfShorts x, HalfShorts w) {
    return _mm256_madd_epi16(x, w);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
