#include "engine/kernels/avxvnni/avxvnni.hpp"
#include "engine/kernels/simd/packed_gemm.hpp"

namespace nibble::kernels::avxvnni {

void integer_gemm(const IntegerGemm& q) {
    gemm_of_dots(q);
}
void packed_gemm(const PackedGemm& q) {
    gemm_of_packed(q);
}

}  // namespace nibble::kernels::avxvnni
