#include "engine/kernels/simd/pointwise.hpp"

#include "engine/kernels/amx/amx.hpp"
#include "engine/kernels/simd/fake_quantization.hpp"

namespace nibble::kernels::amx {

void normalize(const Normalize& q) {
    avx512::normalize<avx512::AsBf16>(q);
}
void normalize_backward(const NormalizeBackward& q) {
    avx512::normalize_backward<avx512::AsBf16>(q);
}
void encode(const Encode& q) {
    q.to == Target::bf16_operand ? avx512::encode_as<avx512::AsBf16>(q)
                                 : avx512::encode_as<avx512::AsFloat>(q);
}

}  // namespace nibble::kernels::amx
