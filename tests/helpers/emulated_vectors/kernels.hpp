// The vector kernels as tables, for the width that the including file chose (see ops_emulated.hpp).
#include "tests/helpers/emulated_vectors/ops_emulated.hpp"
// The kernels come after their operations:
#include "engine/kernels/reference/reference.hpp"
#include "engine/kernels/simd/channel_sums.hpp"
#include "engine/kernels/simd/codes.hpp"
#include "engine/kernels/simd/fake_quantization.hpp"
#include "engine/kernels/simd/gemm.hpp"
#include "engine/kernels/simd/integer_pairs.hpp"
#include "engine/kernels/simd/packed_gemm.hpp"
#include "engine/kernels/simd/pointwise.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

constexpr Kernels pairs_table(const char* name) {
    return {.name = name,
            .bf16_operand_bytes = 4,
            .gemm_f32 = gemm<ChainF32>,
            .gemm_bf16 = gemm<BlocksBf16>,
            .weight_gradient_f32 = weight_gradient<PixelsF32>,
            .weight_gradient_bf16 = weight_gradient<PixelsBf16>,
            .channel_sums = [](const ChannelSums& q) { channel_sums_of(q); },
            .normalize = normalize<AsRoundedFloat>,
            .moments =
                [](const Moments& q) {
                    q.storage == Storage::f32 ? moments_as<AsFloat>(q) : moments_as<AsBf16>(q);
                },
            .mask_gradient =
                [](const MaskGradient& q) {
                    q.storage == Storage::f32 ? mask_gradient_as<AsFloat>(q) : mask_gradient_as<AsBf16>(q);
                },
            .normalize_backward = normalize_backward<AsRoundedFloat>,
            .encode = [](const Encode& q) { encode_as<AsFloat>(q); },
            .pass_gradient = [](const PassGradient& q) { pass_gradient_through(q); },
            .store = store,
            .pack_bf16 = reference::pack_bf16,
            .run_padding = kK4,
            .splits_pairs = true,
            .integer_gemm = gemm_of_pairs,
            .integer_channel_sums = [](const IntegerChannelSums& q) { integer_channel_sums_of(q); },
            .unpack = unpack_panel,
            .packed_gemm = nullptr,
            .epilogue = epilogue_sums,
            .quantize = quantize_values};
}

constexpr Kernels dots_table(const char* name) {
    Kernels table = pairs_table(name);
    table.splits_pairs = false;
    table.integer_gemm = gemm_of_dots;
    table.packed_gemm = gemm_of_packed;
    return table;
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
