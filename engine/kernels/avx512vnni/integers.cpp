#include "engine/kernels/avx512vnni/avx512vnni.hpp"
#include "engine/kernels/simd/packed_product.hpp"

namespace nibble::kernels::avx512vnni {
namespace {

/// Four products and their sum in 32 bits by one instruction.
struct Dot {
    static constexpr int kSums = 24, kEnough = 12;

    [[gnu::always_inline]] static Ints add(Ints sum, Ints x, Ints w) {
        return Ints(_mm512_dpbusd_epi32(sum, x, w));
    }
};

}  // namespace

void integer_product(const IntegerProduct& q) {
    product<WideSums<Dot>>(q);
}
void packed_product(const PackedProduct& q) {
    product_of_packed<Dot>(q);
}

}  // namespace nibble::kernels::avx512vnni
