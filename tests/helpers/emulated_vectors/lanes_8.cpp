#define NIBBLE_EMULATED_LANES 8
#define NIBBLE_SIMD_NAMESPACE emulated_8
#include "tests/helpers/emulated_vectors/emulated_vectors.hpp"
#include "tests/helpers/emulated_vectors/kernels.hpp"

namespace nibble::kernels::test {

const Kernels kPairs8 = emulated_8::pairs_table("pairs in emulated vectors of 8 lanes");
const Kernels kDots8 = emulated_8::dots_table("dot products in emulated vectors of 8 lanes");

}  // namespace nibble::kernels::test
