// Operations (see ops.hpp) of AVX-512 with VNNI.
#pragma once

#include "engine/kernels/simd/ops_avx512.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

[[gnu::always_inline]] inline Ints dot4_u8s8(Ints sum, Ints x, Ints w) {
    return _mm512_dpbusd_epi32(sum, x, w);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
