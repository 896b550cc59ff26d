#define NIBBLE_EMULATED_LANES 4
#define NIBBLE_SIMD_NAMESPACE emulated_4
#include "tests/helpers/emulated_vectors/emulated_vectors.hpp"
#include "tests/helpers/emulated_vectors/kernels.hpp"

namespace nibble::kernels::test {

const Kernels kPairs4 = emulated_4::pairs_table("pairs in emulated vectors of 4 lanes");
const Kernels kDots4 = emulated_4::dots_table("dot products in emulated vectors of 4 lanes");

}  // namespace nibble::kernels::test
