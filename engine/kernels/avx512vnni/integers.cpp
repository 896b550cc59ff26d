#include "engine/kernels/avx512vnni/avx512vnni.hpp"
#include "engine/kernels/simd/packed_gemm.hpp"

namespace nibble::kernels::avx512vnni {

void integer_gemm(const IntegerGemm& q) {
    gemm_of_dots(q);
}
void packed_gemm(const PackedGemm& q) {
    gemm_of_packed(q);
}

}  // namespace nibble::kernels::avx512vnni
