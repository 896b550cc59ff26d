#include "engine/kernels/amx/amx.hpp"
#include "engine/kernels/amx/hardware_tiles.hpp"
#include "engine/kernels/amx/tiled_gemm.hpp"
#include "engine/kernels/amx/tiled_packing.hpp"
#include "engine/kernels/amx/tiled_weight_gradient.hpp"

namespace nibble::kernels::amx {

void gemm_bf16(const Gemm& q) {
    HardwareTiles::configure();
    TiledGemm<Bf16Arithmetic<HardwareTiles>>{q}.run();
}

void integer_gemm(const IntegerGemm& q) {
    HardwareTiles::configure();
    TiledGemm<ByteArithmetic<HardwareTiles>>{q}.run();
}

void weight_gradient_bf16(const WeightGradient& q) {
    HardwareTiles::configure();
    TiledWeightGradient<HardwareTiles>{q}.run();
}

void pack_bf16(const float* matrix, int runs, int run_length, int channels, void* packed) {
    TiledPacking<HardwareTiles>::pack(matrix, runs, run_length, channels, packed);
}

}  // namespace nibble::kernels::amx
