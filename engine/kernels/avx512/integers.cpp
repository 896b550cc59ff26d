#include "engine/kernels/avx512/avx512.hpp"
#include "engine/kernels/simd/channel_sums.hpp"
#include "engine/kernels/simd/codes.hpp"
#include "engine/kernels/simd/integer_pairs.hpp"
#include "engine/kernels/simd/unpack.hpp"

namespace nibble::kernels::avx512 {

void integer_gemm(const IntegerGemm& q) {
    gemm_of_pairs(q);
}
void channel_sums(const ChannelSums& q) {
    channel_sums_of(q);
}
void integer_channel_sums(const IntegerChannelSums& q) {
    integer_channel_sums_of(q);
}
void unpack(const Unpack& e) {
    unpack_panel(e);
}
void epilogue(const Epilogue& f) {
    epilogue_sums(f);
}
void quantize(const Quantize& q) {
    quantize_values(q);
}

}  // namespace nibble::kernels::avx512
