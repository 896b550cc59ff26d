// Kernels for AVX-512 with VNNI, the four products of a k4 group in one instruction: only what differs from
// engine/kernels/avx512. What each computes: engine/kernels/table.hpp.
#pragma once

#include "engine/kernels/table.hpp"

namespace nibble::kernels::avx512vnni {

void integer_gemm(const IntegerGemm& q);
void packed_gemm(const PackedGemm& q);

}  // namespace nibble::kernels::avx512vnni
