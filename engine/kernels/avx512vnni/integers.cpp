#include "engine/kernels/avx512vnni/avx512vnni.hpp"
#include "engine/kernels/simd/packed_product.hpp"

namespace nibble::kernels::avx512vnni {

void integer_product(const IntegerProduct& q) {
    product_of_dots(q);
}
void packed_product(const PackedProduct& q) {
    product_of_packed(q);
}

}  // namespace nibble::kernels::avx512vnni
