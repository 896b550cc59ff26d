#include "engine/kernels/simd/products.hpp"

#include "engine/kernels/avx2/avx2.hpp"

namespace nibble::kernels::avx2 {

void product_f32(const Product& q) {
    product<ChainF32>(q);
}
void product_bf16(const Product& q) {
    product<BlocksBf16>(q);
}
void weight_gradient_f32(const WeightGradient& q) {
    weight_gradient<PixelsF32>(q);
}
void weight_gradient_bf16(const WeightGradient& q) {
    weight_gradient<PixelsBf16>(q);
}

}  // namespace nibble::kernels::avx2
