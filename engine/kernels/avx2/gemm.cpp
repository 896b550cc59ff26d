#include "engine/kernels/simd/gemm.hpp"

#include "engine/kernels/avx2/avx2.hpp"

namespace nibble::kernels::avx2 {

void gemm_f32(const Gemm& q) {
    gemm<ChainF32>(q);
}
void gemm_bf16(const Gemm& q) {
    gemm<BlocksBf16>(q);
}
void weight_gradient_f32(const WeightGradient& q) {
    weight_gradient<PixelsF32>(q);
}
void weight_gradient_bf16(const WeightGradient& q) {
    weight_gradient<PixelsBf16>(q);
}

}  // namespace nibble::kernels::avx2
