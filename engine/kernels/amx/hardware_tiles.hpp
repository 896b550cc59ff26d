// Tile registers of the machine. Include only from files compiled for AMX.
#pragma once

#include "engine/kernels/amx/tiles.hpp"
#include "engine/kernels/simd/ops.hpp"

namespace nibble::kernels::amx {

// Assembly, because the compilers' intrinsics take the number of a tile as a literal only.
struct HardwareTiles {
    /// All eight tiles as 16 rows of 64 bytes, for the calling thread.
    static void configure() {
        static thread_local bool done = false;
        if (done) return;
        struct alignas(64) {
            std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
            std::uint16_t row_bytes[16] = {};
            std::uint8_t rows[16] = {};
        } config;
        static_assert(sizeof(config) == 64);
        for (int t = 0; t < 8; ++t) {
            config.row_bytes[t] = 64;
            config.rows[t] = kTileRows;
        }
        asm volatile("ldtilecfg %0" ::"m"(config));
        done = true;
    }

    template <int T>
    [[gnu::always_inline]] static void zero() {
        asm volatile("tilezero %%tmm%c0" ::"i"(T));
    }
    template <int T>
    [[gnu::always_inline]] static void load(const void* from, std::ptrdiff_t row_bytes) {
        asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(row_bytes), "i"(T) : "memory");
    }
    template <int T>
    [[gnu::always_inline]] static void store(void* to, std::ptrdiff_t row_bytes) {
        asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(row_bytes), "i"(T) : "memory");
    }
    template <int C, int A, int B>
    [[gnu::always_inline]] static void dot_bf16() {
        asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
    }
    template <int C, int A, int B>
    [[gnu::always_inline]] static void dot_bytes() {
        asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
    }

    [[gnu::always_inline]] static void pair(const Bits* even, const Bits* odd, Bits* to) {
        (avx512::load_u16(even) | (avx512::load_u16(odd) << 16))
            .store_unaligned(reinterpret_cast<std::int32_t*>(to));
    }

    /// Quarters of 4 x 4 pairs are transposed inside their 128-bit lanes, then the lanes are.
    static void transpose(const Bits* from, Bits* to) {
        __m512i row[16], quad[16];
        for (int i = 0; i < 16; ++i) row[i] = _mm512_loadu_si512(from + i * kBlock);
        for (int i = 0; i < 16; i += 4) {
            const __m512i low01 = _mm512_unpacklo_epi32(row[i], row[i + 1]);
            const __m512i high01 = _mm512_unpackhi_epi32(row[i], row[i + 1]);
            const __m512i low23 = _mm512_unpacklo_epi32(row[i + 2], row[i + 3]);
            const __m512i high23 = _mm512_unpackhi_epi32(row[i + 2], row[i + 3]);
            quad[i] = _mm512_unpacklo_epi64(low01, low23);
            quad[i + 1] = _mm512_unpackhi_epi64(low01, low23);
            quad[i + 2] = _mm512_unpacklo_epi64(high01, high23);
            quad[i + 3] = _mm512_unpackhi_epi64(high01, high23);
        }
        for (int j = 0; j < 4; ++j) {  // lane l of quad[4 i + j] holds column 4 l + j of rows 4 i .. 4 i + 3
            const __m512i a = _mm512_shuffle_i32x4(quad[j], quad[4 + j], 0x44);
            const __m512i b = _mm512_shuffle_i32x4(quad[j], quad[4 + j], 0xee);
            const __m512i c = _mm512_shuffle_i32x4(quad[8 + j], quad[12 + j], 0x44);
            const __m512i d = _mm512_shuffle_i32x4(quad[8 + j], quad[12 + j], 0xee);
            _mm512_storeu_si512(to + j * kBlock, _mm512_shuffle_i32x4(a, c, 0x88));
            _mm512_storeu_si512(to + (4 + j) * kBlock, _mm512_shuffle_i32x4(a, c, 0xdd));
            _mm512_storeu_si512(to + (8 + j) * kBlock, _mm512_shuffle_i32x4(b, d, 0x88));
            _mm512_storeu_si512(to + (12 + j) * kBlock, _mm512_shuffle_i32x4(b, d, 0xdd));
        }
    }

    [[gnu::always_inline]] static void store_sums(const float* from, float* to, int count) {
        const __m512 sums = _mm512_add_ps(_mm512_loadu_ps(from), _mm512_setzero_ps());
        _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), sums);
    }
    [[gnu::always_inline]] static void store_sums(const std::int32_t* from, const std::int32_t* start,
                                                  std::int32_t* to, int count) {
        const __m512i sums = _mm512_add_epi32(_mm512_loadu_si512(from), _mm512_loadu_si512(start));
        _mm512_mask_storeu_epi32(to, static_cast<__mmask16>((1u << count) - 1), sums);
    }
};

}  // namespace nibble::kernels::amx
