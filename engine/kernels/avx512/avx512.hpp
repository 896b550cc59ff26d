// Kernels for AVX-512 (F, BW, DQ, VL). What each computes: engine/kernels/table.hpp.
#pragma once

#include "engine/kernels/table.hpp"

namespace nibble::kernels::avx512 {

void gemm_f32(const Gemm& q);
void gemm_bf16(const Gemm& q);
void weight_gradient_f32(const WeightGradient& q);
void weight_gradient_bf16(const WeightGradient& q);

void channel_sums(const ChannelSums& q);
void integer_channel_sums(const IntegerChannelSums& q);

void normalize(const Normalize& q);
void moments(const Moments& q);
void mask_gradient(const MaskGradient& q);
void normalize_backward(const NormalizeBackward& q);
void encode(const Encode& q);
void pass_gradient(const PassGradient& q);
void store_rounded(Storage storage, const float* src, void* dst, std::size_t count);

void integer_gemm(const IntegerGemm& q);
void unpack(const Unpack& e);
void epilogue(const Epilogue& f);
void quantize(const Quantize& q);

}  // namespace nibble::kernels::avx512
