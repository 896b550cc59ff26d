#include "engine/kernels/amx/amx.hpp"
#include "engine/kernels/amx/hardware_tiles.hpp"
#include "engine/kernels/amx/tiled_packing.hpp"
#include "engine/kernels/amx/tiled_product.hpp"
#include "engine/kernels/amx/tiled_weight_gradient.hpp"

namespace nibble::kernels::amx {

void product_bf16(const Product& q) {
    HardwareTiles::configure();
    TiledProduct<Bf16Arithmetic<HardwareTiles>>{q}.run();
}

void integer_product(const IntegerProduct& q) {
    HardwareTiles::configure();
    TiledProduct<ByteArithmetic<HardwareTiles>>{q}.run();
}

void weight_gradient_bf16(const WeightGradient& q) {
    HardwareTiles::configure();
    TiledWeightGradient<HardwareTiles>{q}.run();
}

void pack_bf16(const float* matrix, int runs, int run_length, int channels, void* packed) {
    TiledPacking<HardwareTiles>::pack(matrix, runs, run_length, channels, packed);
}

}  // namespace nibble::kernels::amx
