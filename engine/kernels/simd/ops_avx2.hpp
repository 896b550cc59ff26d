// Operations (see ops.hpp) of AVX2 with FMA.
#pragma once

#include "engine/kernels/simd.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kRegisters = 16;

template <class T>
using Batch = xsimd::batch<T, xsimd::fma3<xsimd::avx2>>;
using Vec = Batch<float>;
using Ints = Batch<std::int32_t>;
using UInts = Batch<std::uint32_t>;
using Shorts = Batch<std::int16_t>;
using UShorts = Batch<std::uint16_t>;
using Bytes = Batch<std::int8_t>;
using HalfInts = Ints;
using HalfShorts = Shorts;

[[gnu::always_inline]] inline Vec fma(Vec x, Vec y, Vec z) {
    return _mm256_fmadd_ps(x, y, z);
}
using xsimd::max;
using xsimd::min;

[[gnu::always_inline]] inline Ints floor_to_int(Vec x) {
    return to_int(floor(x));
}

[[gnu::always_inline]] inline Ints permute(Ints x, Ints at) {
    return _mm256_permutevar8x32_epi32(x, at);
}

[[gnu::always_inline]] inline Vec select_negative(Ints by, Vec x, Vec y) {
    return _mm256_blendv_ps(y, x, _mm256_castsi256_ps(by));
}

[[gnu::always_inline]] inline UInts select_nan(Vec of, UInts x, UInts y) {
    return _mm256_blendv_epi8(y, x, _mm256_castps_si256(isnan(of)));
}

[[gnu::always_inline]] inline Ints load_u8(const std::uint8_t* from) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}
[[gnu::always_inline]] inline Ints load_s8(const std::int8_t* from) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}
[[gnu::always_inline]] inline Ints load_u16(const std::uint16_t* from) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

inline constexpr int kStoredTogether = 1;
[[gnu::always_inline]] inline void store_u8(Ints x, std::uint8_t* to) {
    const __m256i all = x;
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
}
[[gnu::always_inline]] inline void store_u16(UInts x, std::uint16_t* to) {
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(x, x), 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
}

template <class T>
[[gnu::always_inline]] inline void load_n(const T* from, T* to, int n) {
    for (int i = 0; i < static_cast<int>(Vec::size); ++i) to[i] = i < n ? from[i] : T{};
}
template <class T>
[[gnu::always_inline]] inline void store_n(const T* from, T* to, int n) {
    for (int i = 0; i < n; ++i) to[i] = from[i];
}

[[gnu::always_inline]] inline Shorts dot2_u8s8(Ints x, Ints w) {
    return _mm256_maddubs_epi16(x, w);
}
[[gnu::always_inline]] inline Ints dot2_s16(Shorts x, Shorts w) {
    return _mm256_madd_epi16(x, w);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
