#include "engine/kernels/avxvnni/avxvnni.hpp"
#include "engine/kernels/simd/packed_product.hpp"

namespace nibble::kernels::avxvnni {
namespace {

/// Four products and their sum in 32 bits by one instruction.
struct Dot {
    static constexpr int kSums = 12, kEnough = 12;

    [[gnu::always_inline]] static Ints add(Ints sum, Ints x, Ints w) {
        return Ints(_mm256_dpbusd_avx_epi32(sum, x, w));
    }
};

}  // namespace

void integer_product(const IntegerProduct& q) {
    product<WideSums<Dot>>(q);
}
void packed_product(const PackedProduct& q) {
    product_of_packed<Dot>(q);
}

}  // namespace nibble::kernels::avxvnni
