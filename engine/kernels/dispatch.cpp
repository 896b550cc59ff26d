#include "engine/kernels/dispatch.hpp"

#include <cstdlib>

#include "engine/core/error.hpp"
#include "engine/kernels/amx/amx.hpp"
#include "engine/kernels/avx2/avx2.hpp"
#include "engine/kernels/avx512/avx512.hpp"
#include "engine/kernels/avx512vnni/avx512vnni.hpp"
#include "engine/kernels/avxvnni/avxvnni.hpp"
#include "engine/kernels/machine.hpp"
#include "engine/kernels/reference/reference.hpp"

namespace nibble::kernels {
namespace {

const Kernels kReference{.name = "reference",
                         .bf16_operand_bytes = 4,
                         .gemm_f32 = reference::gemm_f32,
                         .gemm_bf16 = reference::gemm_bf16,
                         .weight_gradient_f32 = reference::weight_gradient_f32,
                         .weight_gradient_bf16 = reference::weight_gradient_bf16,
                         .channel_sums = reference::channel_sums,
                         .normalize = reference::normalize,
                         .moments = reference::moments,
                         .mask_gradient = reference::mask_gradient,
                         .normalize_backward = reference::normalize_backward,
                         .encode = reference::encode,
                         .pass_gradient = reference::pass_gradient,
                         .store = reference::store,
                         .pack_bf16 = reference::pack_bf16,
                         .run_padding = kK4,
                         .splits_pairs = false,
                         .integer_gemm = reference::integer_gemm,
                         .integer_channel_sums = reference::integer_channel_sums,
                         .unpack = reference::unpack,
                         .packed_gemm = nullptr,
                         .epilogue = reference::epilogue,
                         .quantize = reference::quantize};

const Kernels kAvx2{.name = "avx2",
                    .bf16_operand_bytes = 4,
                    .gemm_f32 = avx2::gemm_f32,
                    .gemm_bf16 = avx2::gemm_bf16,
                    .weight_gradient_f32 = avx2::weight_gradient_f32,
                    .weight_gradient_bf16 = avx2::weight_gradient_bf16,
                    .channel_sums = avx2::channel_sums,
                    .normalize = avx2::normalize,
                    .moments = avx2::moments,
                    .mask_gradient = avx2::mask_gradient,
                    .normalize_backward = avx2::normalize_backward,
                    .encode = avx2::encode,
                    .pass_gradient = avx2::pass_gradient,
                    .store = avx2::store_rounded,
                    .pack_bf16 = reference::pack_bf16,
                    .run_padding = kK4,
                    .splits_pairs = true,
                    .integer_gemm = avx2::integer_gemm,
                    .integer_channel_sums = avx2::integer_channel_sums,
                    .unpack = avx2::unpack,
                    .packed_gemm = nullptr,
                    .epilogue = avx2::epilogue,
                    .quantize = avx2::quantize};

const Kernels kAvxVnni = [] {
    Kernels table = kAvx2;
    table.name = "avxvnni";
    table.splits_pairs = false;
    table.integer_gemm = avxvnni::integer_gemm;
    table.packed_gemm = avxvnni::packed_gemm;
    return table;
}();

const Kernels kAvx512{.name = "avx512",
                      .bf16_operand_bytes = 4,
                      .gemm_f32 = avx512::gemm_f32,
                      .gemm_bf16 = avx512::gemm_bf16,
                      .weight_gradient_f32 = avx512::weight_gradient_f32,
                      .weight_gradient_bf16 = avx512::weight_gradient_bf16,
                      .channel_sums = avx512::channel_sums,
                      .normalize = avx512::normalize,
                      .moments = avx512::moments,
                      .mask_gradient = avx512::mask_gradient,
                      .normalize_backward = avx512::normalize_backward,
                      .encode = avx512::encode,
                      .pass_gradient = avx512::pass_gradient,
                      .store = avx512::store_rounded,
                      .pack_bf16 = reference::pack_bf16,
                      .run_padding = kK4,
                      .splits_pairs = true,
                      .integer_gemm = avx512::integer_gemm,
                      .integer_channel_sums = avx512::integer_channel_sums,
                      .unpack = avx512::unpack,
                      .packed_gemm = nullptr,
                      .epilogue = avx512::epilogue,
                      .quantize = avx512::quantize};

const Kernels kAvx512Vnni = [] {
    Kernels table = kAvx512;
    table.name = "avx512vnni";
    table.splits_pairs = false;
    table.integer_gemm = avx512vnni::integer_gemm;
    table.packed_gemm = avx512vnni::packed_gemm;
    return table;
}();

// Tiles serve bfloat16 and integers; the rest is AVX-512's. What writes bfloat16 operands writes them in 2
// bytes.
const Kernels kAmx{.name = "amx",
                   .bf16_operand_bytes = 2,
                   .gemm_f32 = avx512::gemm_f32,
                   .gemm_bf16 = amx::gemm_bf16,
                   .weight_gradient_f32 = avx512::weight_gradient_f32,
                   .weight_gradient_bf16 = amx::weight_gradient_bf16,
                   .channel_sums = avx512::channel_sums,
                   .normalize = amx::normalize,
                   .moments = avx512::moments,
                   .mask_gradient = avx512::mask_gradient,
                   .normalize_backward = amx::normalize_backward,
                   .encode = amx::encode,
                   .pass_gradient = avx512::pass_gradient,
                   .store = avx512::store_rounded,
                   .pack_bf16 = amx::pack_bf16,
                   .run_padding = 64,
                   .splits_pairs = false,
                   .integer_gemm = amx::integer_gemm,
                   .integer_channel_sums = avx512::integer_channel_sums,
                   .unpack = avx512::unpack,
                   .packed_gemm = nullptr,
                   .epilogue = avx512::epilogue,
                   .quantize = avx512::quantize};

const Kernels* find(const std::string& name, const std::string& where) {
    std::string known;
    for (const Architecture& a : architectures()) {
        if (a.name == name && a.supported) return a.table;
        if (a.name == name) throw Unsupported(where + ": this machine does not support " + name);
        known += (known.empty() ? "" : ", ") + a.name;
    }
    throw Unsupported(where + ": unknown architecture '" + name + "' (known: " + known + ")");
}

const Kernels*& chosen() {
    static const Kernels* table = [] {
        const char* wish = std::getenv("NIBBLE_ARCH");
        if (wish && *wish) return find(wish, "NIBBLE_ARCH");
        const Kernels* best = nullptr;
        for (const Architecture& a : architectures())
            if (a.supported) best = a.table;
        return best;
    }();
    return table;
}

}  // namespace

const std::vector<Architecture>& architectures() {
    static const std::vector<Architecture> all{{"reference", true, &kReference},
                                               {"avx2", has_avx2(), &kAvx2},
                                               {"avxvnni", has_avxvnni(), &kAvxVnni},
                                               {"avx512", has_avx512(), &kAvx512},
                                               {"avx512vnni", has_avx512vnni(), &kAvx512Vnni},
                                               {"amx", has_amx(), &kAmx}};
    return all;
}

const Kernels& active() {
    return *chosen();
}

void choose(const std::string& name) {
    chosen() = find(name, "--arch");
}

}  // namespace nibble::kernels
