// Operations (see ops.hpp) of AVX2 with AVX-VNNI.
#pragma once

#include "engine/kernels/simd/ops_avx2.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

[[gnu::always_inline]] inline Ints dot4_u8s8(Ints sum, Ints x, Ints w) {
    return _mm256_dpbusd_avx_epi32(sum, x, w);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
