#define NIBBLE_EMULATED_LANES 16
#define NIBBLE_SIMD_NAMESPACE emulated_16
#include "tests/helpers/emulated_vectors/emulated_vectors.hpp"
#include "tests/helpers/emulated_vectors/kernels.hpp"

namespace nibble::kernels::test {

const Kernels kPairs16 = emulated_16::pairs_table("pairs in emulated vectors of 16 lanes");
const Kernels kDots16 = emulated_16::dots_table("dot products in emulated vectors of 16 lanes");

}  // namespace nibble::kernels::test
