// Shapes shared by everything that works on tiles, and what a class of tiles must offer.
//
// The tile algorithms are templates over such a class: HardwareTiles on machines that have them, an emulation
// in the tests, so that layouts, tails and borders are checked everywhere.
//
//   zero<T>()                     tile T = 0
//   load<T>(from, row_bytes)      tile T = 16 rows of 64 bytes, row_bytes apart
//   store<T>(to, row_bytes)
//   dot_bf16<C, A, B>()           C[m][n] += even + odd for m, n in [0, 16): two FMA chains from 0 over the
//                                 even and the odd columns of A[m][32] with B[pair][n][2]
//   dot_bytes<C, A, B>()          C[m][n] += sum over k in [0, 64) of A[m][k] * B[k / 4][n][k % 4], bytes
//                                 without sign times bytes with sign, in 32 bits
//   pair(even, odd, to)           to[2 i] = even[i], to[2 i + 1] = odd[i] for i in [0, 16)
//   transpose(from, to)           16 x 16 pairs
//   store_sums(from, to, count)   to[n] = from[n] + 0 for n in [0, count), count <= 16, floats
//   store_sums(from, start, to, count)   to[n] = from[n] + start[n], integers
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/table.hpp"

namespace nibble::kernels::amx {

using Bits = std::uint16_t;  // of a bfloat16

inline constexpr int kTileRows = 16;
inline constexpr int kTileRowBytes = 64, kTileBytes = kTileRows * kTileRowBytes;
inline constexpr int kTileElements = kTileRows * kBlock;  // bfloat16
static_assert(kPanel == kTileRows && kBlock == 2 * kTileRows);

constexpr int ceil_div(int n, int by) {
    return (n + by - 1) / by;
}

}  // namespace nibble::kernels::amx
