// Tile registers in plain C++: what the amx kernels run on where no machine has tiles. Each operation is
// written from its definition (engine/kernels/amx/tiles.hpp), not from the kernels.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/core/bf16.hpp"
#include "engine/kernels/amx/tiled_gemm.hpp"
#include "engine/kernels/amx/tiled_packing.hpp"
#include "engine/kernels/amx/tiled_weight_gradient.hpp"
#include "engine/kernels/reference/reference.hpp"

namespace nibble::kernels::test {

struct EmulatedTiles {
    using Bits = amx::Bits;
    static inline thread_local std::array<std::array<std::array<std::byte, 64>, 16>, 8> tile;

    template <int T>
    static void zero() {
        tile[T] = {};
    }
    template <int T>
    static void load(const void* from, std::ptrdiff_t row_bytes) {
        for (int row = 0; row < 16; ++row)
            std::memcpy(tile[T][row].data(), static_cast<const std::byte*>(from) + row * row_bytes, 64);
    }
    template <int T>
    static void store(void* to, std::ptrdiff_t row_bytes) {
        for (int row = 0; row < 16; ++row)
            std::memcpy(static_cast<std::byte*>(to) + row * row_bytes, tile[T][row].data(), 64);
    }
    template <int C, int A, int B>
    static void dot_bf16() {
        float sums[16][16], a[16][32], b[16][32];
        std::memcpy(sums, tile[C].data(), sizeof(sums));
        widen<A>(a);
        widen<B>(b);
        for (int m = 0; m < 16; ++m)
            for (int n = 0; n < 16; ++n) {
                float even = 0.0f, odd = 0.0f;
                for (int pair = 0; pair < 16; ++pair) {
                    even = std::fma(a[m][2 * pair], b[pair][2 * n], even);
                    odd = std::fma(a[m][2 * pair + 1], b[pair][2 * n + 1], odd);
                }
                sums[m][n] += even + odd;
            }
        std::memcpy(tile[C].data(), sums, sizeof(sums));
    }
    template <int C, int A, int B>
    static void dot_bytes() {
        for (int m = 0; m < 16; ++m)
            for (int n = 0; n < 16; ++n) {
                std::int32_t sum;
                std::memcpy(&sum, tile[C][m].data() + 4 * n, 4);
                for (int k = 0; k < 64; ++k)
                    sum += std::to_integer<int>(tile[A][m][k]) *
                           static_cast<std::int8_t>(tile[B][k / 4][4 * n + k % 4]);
                std::memcpy(tile[C][m].data() + 4 * n, &sum, 4);
            }
    }

    static void pair(const Bits* even, const Bits* odd, Bits* to) {
        for (int i = 0; i < 16; ++i) {
            to[2 * i] = even[i];
            to[2 * i + 1] = odd[i];
        }
    }
    static void transpose(const Bits* from, Bits* to) {
        for (int i = 0; i < 16; ++i)
            for (int j = 0; j < 16; ++j) std::memcpy(to + j * 32 + i * 2, from + i * 32 + j * 2, 4);
    }
    static void store_sums(const float* from, float* to, int count) {
        for (int n = 0; n < count; ++n) to[n] = from[n] + 0.0f;
    }
    static void store_sums(const std::int32_t* from, const std::int32_t* start, std::int32_t* to, int count) {
        for (int n = 0; n < count; ++n) to[n] = from[n] + start[n];
    }

  private:
    template <int T>
    static void widen(float (&to)[16][32]) {
        for (int i = 0; i < 16; ++i)
            for (int j = 0; j < 32; ++j) {
                Bf16 x;
                std::memcpy(&x, tile[T][i].data() + 2 * j, 2);
                to[i][j] = to_float(x);
            }
    }
};

/// The products of the amx kernels over emulated tiles; the rest is the reference.
inline const Kernels& emulated_amx() {
    static const Kernels table{
        .name = "amx over emulated tiles",
        .bf16_operand_bytes = 2,
        .gemm_f32 = reference::gemm_f32,
        .gemm_bf16 = [](const Gemm& q) { amx::TiledGemm<amx::Bf16Arithmetic<EmulatedTiles>>{q}.run(); },
        .weight_gradient_f32 = reference::weight_gradient_f32,
        .weight_gradient_bf16 =
            [](const WeightGradient& q) { amx::TiledWeightGradient<EmulatedTiles>{q}.run(); },
        .channel_sums = nullptr,
        .normalize = nullptr,
        .moments = nullptr,
        .mask_gradient = nullptr,
        .normalize_backward = nullptr,
        .encode = nullptr,
        .pass_gradient = nullptr,
        .store = nullptr,
        .pack_bf16 = amx::TiledPacking<EmulatedTiles>::pack,
        .run_padding = 64,
        .splits_pairs = false,
        .integer_gemm =
            [](const IntegerGemm& q) { amx::TiledGemm<amx::ByteArithmetic<EmulatedTiles>>{q}.run(); },
        .integer_channel_sums = nullptr,
        .unpack = reference::unpack,
        .packed_gemm = nullptr,
        .epilogue = nullptr,
        .quantize = nullptr};
    return table;
}

}  // namespace nibble::kernels::test
