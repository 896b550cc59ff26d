// Kernels for AMX with bfloat16 and byte tiles (and AVX-512 beside them): only what differs from
// engine/kernels/avx512. What each computes: engine/kernels/table.hpp. bfloat16 operands take 2 bytes.
#pragma once

#include "engine/kernels/table.hpp"

namespace nibble::kernels::amx {

void gemm_bf16(const Gemm& q);
void integer_gemm(const IntegerGemm& q);
void weight_gradient_bf16(const WeightGradient& q);

void normalize(const Normalize& q);
void normalize_backward(const NormalizeBackward& q);
void encode(const Encode& q);

void pack_bf16(const float* matrix, int runs, int run_length, int channels, void* packed);

}  // namespace nibble::kernels::amx
