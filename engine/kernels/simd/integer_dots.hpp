// Products of bytes with an instruction for k4 groups: four products and their sum in 32 bits.
#pragma once

#include "engine/kernels/simd/integer_gemm.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

struct Dots {
    static constexpr int kSums = kRegisters == 16 ? 12 : 24, kEnough = 12;

    [[gnu::always_inline]] static Ints add(Ints sum, Ints x, Ints w) { return dot4_u8s8(sum, x, w); }
};

inline void gemm_of_dots(const IntegerGemm& q) {
    gemm<WideSums<Dots>>(q);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
