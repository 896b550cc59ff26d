// Vectors and their operations for the instruction set that a file is compiled for. The names are the same for all
// instruction sets, so a kernel is written once; what xsimd 8.1 lacks is defined by one ops file per instruction set:
//
//   kRegisters                     the number of vector registers
//   Vec; Ints, UInts; Shorts, UShorts; Bytes
//                                  a register of floats; of integers of 32 and 16 bits, with and without sign; of
//                                  signed bytes. These are xsimd batches: operators, select, to_float, floor, ...
//   fma(x, y, z)                   x * y + z, rounded once (with AVX-512, xsimd's multiplies and adds)
//   max(x, y), min(x, y)           x > y ? x : y and x < y ? x : y: the result is y where one of them is NaN
//   floor_to_int(x)
//   permute(x, at)                 lane i: x[at[i]], by the lowest bits of at[i]
//   select_negative(by, x, y)      by < 0 ? x : y, where `by` is Ints, x and y are Vec
//   select_nan(of, x, y)           x where `of` is NaN, else y, where `of` is Vec, x and y are UInts
//   load_u8, load_s8, load_u16(p)  kLanes integers, widened to 32 bits
//   store_u8, store_u16(x, p)      kLanes integers, which must fit
//   kStoredTogether                if this is more than 1: store_u8(x, p) also takes an array of so many vectors
//   load_n(from, to, n)            to[i] = i < n ? from[i] : 0, kLanes elements; `to` is aligned as a register
//   store_n(from, to, n)           to[i] = from[i] for i < n; `from` is aligned as a register
//
// Products of bytes without sign (x) by bytes with sign (w), four of them in a lane of Ints:
//   dot4_u8s8(sum, x, w)           Ints: sum + the four products of the lane. Instruction sets without it have
//   dot2_u8s8(x, w)                Shorts: sums of two neighbouring products, which must fit
//   dot2_s16(x, w)                 Ints: sums of two neighbouring products of Shorts
//   HalfInts, HalfShorts           vectors of half a panel, which dot2_u8s8 and dot2_s16 take too
//
// A new instruction set is a new ops file and a line below. A test that emulates one defines the two macros itself.
#pragma once

#include <cstdint>
#include <utility>

#if defined(NIBBLE_SIMD_OPS)
#elif defined(__AVX512VNNI__)
#define NIBBLE_SIMD_NAMESPACE avx512vnni
#define NIBBLE_SIMD_OPS "engine/kernels/simd/ops_avx512vnni.hpp"
#elif defined(__AVX512BW__)
#define NIBBLE_SIMD_NAMESPACE avx512
#define NIBBLE_SIMD_OPS "engine/kernels/simd/ops_avx512.hpp"
#elif defined(__AVXVNNI__)
#define NIBBLE_SIMD_NAMESPACE avxvnni
#define NIBBLE_SIMD_OPS "engine/kernels/simd/ops_avxvnni.hpp"
#elif defined(__AVX2__) && defined(__FMA__)
#define NIBBLE_SIMD_NAMESPACE avx2
#define NIBBLE_SIMD_OPS "engine/kernels/simd/ops_avx2.hpp"
#else
#error "compile this file with the flags of one vector instruction set"
#endif
#include NIBBLE_SIMD_OPS

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

inline constexpr int kLanes = static_cast<int>(Vec::size);

/// bfloat16 values widened to float.
[[gnu::always_inline]] inline Vec load_bf16(const std::uint16_t* from) {
    return bitwise_cast<Vec>(load_u16(from) << 16);
}

/// The bits of the nearest bfloat16 (ties to even) in the upper half of each lane, junk below; NaN stays NaN.
[[gnu::always_inline]] inline UInts nearest_bf16(Vec x) {
    const UInts bits = bitwise_cast<UInts>(x);
    const UInts odd = (bits >> 16) & UInts(1);
    const UInts rounded = bits + (odd + UInts(0x7fff));
    const UInts quiet = bits | UInts(0x400000);
    return select_nan(x, quiet, rounded);
}

/// Stores the nearest bfloat16 of each lane.
[[gnu::always_inline]] inline void store_bf16(Vec x, std::uint16_t* to) {
    store_u16(nearest_bf16(x) >> 16, to);
}

/// Each lane rounded to the nearest bfloat16.
[[gnu::always_inline]] inline Vec round_to_bf16(Vec x) {
    return bitwise_cast<Vec>(nearest_bf16(x) & UInts(0xffff0000));
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
