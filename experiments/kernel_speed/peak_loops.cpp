#include "experiments/kernel_speed/peak_loops.hpp"

#include <immintrin.h>

#include <cstdint>
#include <utility>

#define NIBBLE_AVX2 __attribute__((target("avx2,fma")))
#define NIBBLE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define NIBBLE_AVX512_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define NIBBLE_AVXVNNI __attribute__((target("avx2,fma,avxvnni")))
#define NIBBLE_AMX __attribute__((target("amx-tile,amx-int8")))

namespace nibble {
namespace {

constexpr int kChains = 12;      // more than latency times units on every machine we know, and no spilling
constexpr int kShortChains = 6;  // of additions behind products that need registers of their own

// All chains compute the same, and a product of constants is one: the compiler is told before every step that
// the operand may have changed, else it keeps one chain or one product.
#define NIBBLE_CHANGES(x) asm volatile("" : "+v"(x))

NIBBLE_AVX2 float f32_avx2(std::size_t rounds) {
    __m256 sums[kChains] = {}, a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
    for (std::size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (__m256& sum : sums) {
            NIBBLE_CHANGES(a);
            sum = _mm256_fmadd_ps(a, b, sum);
        }
    for (int i = 1; i < kChains; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
    return _mm256_cvtss_f32(sums[0]);
}

NIBBLE_AVX512 float f32_avx512(std::size_t rounds) {
    __m512 sums[kChains] = {}, a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
    for (std::size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (__m512& sum : sums) {
            NIBBLE_CHANGES(a);
            sum = _mm512_fmadd_ps(a, b, sum);
        }
    for (int i = 1; i < kChains; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
    return _mm512_cvtss_f32(sums[0]);
}

// Without dot products: pairs, then sums in 16 bits. Exact for weights of few bits only, but no loop of these
// instruction sets does more products.
NIBBLE_AVX2 int u8s8_avx2(std::size_t rounds) {
    __m256i sums[kShortChains] = {}, a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-2);
    for (std::size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 6
        for (__m256i& sum : sums) {
            NIBBLE_CHANGES(a);
            sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(a, b));
        }
    for (int i = 1; i < kShortChains; ++i) sums[0] = _mm256_add_epi16(sums[0], sums[i]);
    return _mm256_extract_epi16(sums[0], 0);
}

NIBBLE_AVX512 int u8s8_avx512(std::size_t rounds) {
    __m512i sums[kChains] = {}, a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-2);
    for (std::size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (__m512i& sum : sums) {
            NIBBLE_CHANGES(a);
            sum = _mm512_add_epi16(sum, _mm512_maddubs_epi16(a, b));
        }
    for (int i = 1; i < kChains; ++i) sums[0] = _mm512_add_epi16(sums[0], sums[i]);
    return _mm_cvtsi128_si32(_mm512_castsi512_si128(sums[0]));
}

NIBBLE_AVXVNNI int u8s8_avxvnni(std::size_t rounds) {
    __m256i sums[kChains] = {}, a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-2);
    for (std::size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (__m256i& sum : sums) {
            NIBBLE_CHANGES(a);
            sum = _mm256_dpbusd_avx_epi32(sum, a, b);
        }
    for (int i = 1; i < kChains; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
    return _mm256_extract_epi32(sums[0], 0);
}

NIBBLE_AVX512_VNNI int u8s8_avx512vnni(std::size_t rounds) {
    __m512i sums[kChains] = {}, a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-2);
    for (std::size_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (__m512i& sum : sums) {
            NIBBLE_CHANGES(a);
            sum = _mm512_dpbusd_epi32(sum, a, b);
        }
    for (int i = 1; i < kChains; ++i) sums[0] = _mm512_add_epi32(sums[0], sums[i]);
    return _mm_cvtsi128_si32(_mm512_castsi512_si128(sums[0]));
}

struct alignas(64) TileConfig {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

NIBBLE_AMX int u8s8_amx(std::size_t rounds) {
    const TileConfig config;
    // The intrinsic says that it reads less than it does.
    asm volatile("" ::"r"(&config) : "memory");
    _tile_loadconfig(&config);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    for (std::size_t r = 0; r < rounds; ++r) {
        _tile_dpbusd(0, 4, 6);
        _tile_dpbusd(1, 4, 7);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
    }
    alignas(64) std::int32_t sums[256];
    _tile_stored(0, sums, 64);
    _tile_release();
    return sums[0];
}

NIBBLE_AVX2 int read_avx2(const std::byte* from, std::size_t bytes) {
    __m256i sums[8] = {};
    for (std::size_t i = 0; i < bytes; i += sizeof(sums))
#pragma GCC unroll 8
        for (int j = 0; j < 8; ++j)
            sums[j] =
                _mm256_or_si256(sums[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(from + i) + j));
    for (int j = 1; j < 8; ++j) sums[0] = _mm256_or_si256(sums[0], sums[j]);
    return _mm256_extract_epi32(sums[0], 0);
}

NIBBLE_AVX512 int read_avx512(const std::byte* from, std::size_t bytes) {
    __m512i sums[8] = {};
    for (std::size_t i = 0; i < bytes; i += sizeof(sums))
#pragma GCC unroll 8
        for (int j = 0; j < 8; ++j) sums[j] = _mm512_or_si512(sums[j], _mm512_load_si512(from + i + 64 * j));
    for (int j = 1; j < 8; ++j) sums[0] = _mm512_or_si512(sums[0], sums[j]);
    return _mm_cvtsi128_si32(_mm512_castsi512_si128(sums[0]));
}

}  // namespace

const PeakLoops* peak_loops(const std::string& architecture) {
    constexpr std::size_t k256 = kChains * 8, k512 = kChains * 16;  // floats in a round
    constexpr std::size_t kShort = kShortChains * 32;               // bytes
    static const std::pair<const char*, PeakLoops> all[] = {
        {"avx2", {f32_avx2, k256, u8s8_avx2, kShort, read_avx2}},
        {"avxvnni", {f32_avx2, k256, u8s8_avxvnni, 4 * k256, read_avx2}},
        {"avx512", {f32_avx512, k512, u8s8_avx512, 4 * k512, read_avx512}},
        {"avx512vnni", {f32_avx512, k512, u8s8_avx512vnni, 4 * k512, read_avx512}},
        {"amx", {f32_avx512, k512, u8s8_amx, 4 * 16 * 16 * 64, read_avx512}}};
    for (const auto& [name, loops] : all)
        if (name == architecture) return &loops;
    return nullptr;
}

}  // namespace nibble
