#include "engine/kernels/avxvnni/avxvnni.hpp"
#include "engine/kernels/simd/packed_product.hpp"

namespace nibble::kernels::avxvnni {

void integer_product(const IntegerProduct& q) {
    product_of_dots(q);
}
void packed_product(const PackedProduct& q) {
    product_of_packed(q);
}

}  // namespace nibble::kernels::avxvnni
