#include "engine/kernels/simd/pointwise.hpp"

#include "engine/kernels/amx/amx.hpp"

namespace nibble::kernels::amx {

void normalize(const Normalize& q) {
    avx512::normalize<avx512::AsBf16>(q);
}
void normalize_backward(const NormalizeBackward& q) {
    avx512::normalize_backward<avx512::AsBf16>(q);
}

}  // namespace nibble::kernels::amx
