#include "engine/kernels/simd/pointwise.hpp"

#include "engine/kernels/avx2/avx2.hpp"
#include "engine/kernels/simd/fake_quantization.hpp"

namespace nibble::kernels::avx2 {

void normalize(const Normalize& q) {
    normalize<AsRoundedFloat>(q);
}
void moments(const Moments& q) {
    q.storage == Storage::f32 ? moments_as<AsFloat>(q) : moments_as<AsBf16>(q);
}
void mask_gradient(const MaskGradient& q) {
    q.storage == Storage::f32 ? mask_gradient_as<AsFloat>(q) : mask_gradient_as<AsBf16>(q);
}
void normalize_backward(const NormalizeBackward& q) {
    normalize_backward<AsRoundedFloat>(q);
}
void encode(const Encode& q) {
    encode_as<AsFloat>(q);
}
void pass_gradient(const PassGradient& q) {
    pass_gradient_through(q);
}
void store_rounded(Storage storage, const float* src, void* dst, std::size_t count) {
    store(storage, src, dst, count);
}

}  // namespace nibble::kernels::avx2
