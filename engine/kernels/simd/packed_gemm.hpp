// Products with weights that are still packed: the first tile of pixels unpacks them in registers on its way,
// so that they are read from memory and made ready in the shadow of the multiplications.
#pragma once

#include "engine/kernels/simd/integer_dots.hpp"
#include "engine/kernels/simd/unpack.hpp"

namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE {

/// As gemm_tile with WideSums<Dots>; stores the unpacked weights if `keep`.
template <class Format, class S>
[[gnu::noinline]] void packed_tile(const PackedGemm& packed, const IntegerPixels& pixels, int first, int n,
                                   bool keep) {
    constexpr int kStep = kK4 * Format::kTogether;
    const IntegerGemm& q = packed.gemm;
    typename S::Operands x;
    unrolled<S::P>([&](auto p) { x[p] = pixels.operand[first + p]; });
    typename S::Sums sums;
    start_sums<S>(sums, q, n);
    const std::ptrdiff_t panel_bytes = packed.weights.panel_bytes;
    const auto* from =
        static_cast<const std::int8_t*>(packed.weights.codes) + (packed.panel + n / kPanel) * panel_bytes;
    std::int8_t* to = packed.unpacked + n / kPanel * q.panel_stride;
    for (int r = 0; r < q.runs; ++r) {
        const std::ptrdiff_t run = r * q.run_stride;
        for (std::ptrdiff_t k = 0; k < q.run_length; k += kStep, from += kBlockCodes) {
            unrolled<Format::kTogether>([&](auto i) __attribute__((always_inline)) {
                Ints weights[S::V];
                unrolled<S::V>([&](auto v) __attribute__((always_inline)) {
                    constexpr int kPanelOfGroup = v / kVectorsPerPanel;
                    constexpr int kAt = v % kVectorsPerPanel * kVectorCodes;
                    const Bytes codes = Format::template code<i>(
                        Bytes::load_unaligned(from + kPanelOfGroup * panel_bytes + kAt));
                    if (keep) codes.store_unaligned(to + kPanelOfGroup * q.panel_stride + kAt);
                    weights[v] = bitwise_cast<Ints>(codes);
                });
                to += kBlockCodes;
                add_k4<Dots, S>(sums, q, x, run + k + i * kK4, weights);
            });
        }
    }
    store_sums<S>(sums, q, pixels, first, n);
}

/// All channels of q, whose panels are whole tiles and whose runs are whole groups of blocks.
template <class Format>
void gemm_from(const PackedGemm& packed) {
    constexpr int kTileVectors = kVectorsPerPanel > 1 ? kVectorsPerPanel : 4;
    const IntegerGemm& q = packed.gemm;
    constexpr int kTileRows = Dots::kSums / kTileVectors;
    const bool keep = packed.keep || q.pixels.rows * q.pixels.cols > kTileRows;
    bool unpacked = false;
    for_pixels(q, 1, [&](const IntegerPixels& pixels) {
        for (int n = 0; n < q.channels; n += kTileVectors * kLanes)
            for_tiles<kTileRows>(pixels.count(), [&](int first, auto height) {
                using Shape = TileShape<height, 1, kTileVectors>;
                if (unpacked || first > 0)
                    gemm_tile<WideSums<Dots>, Shape>(q, pixels, first, n);
                else
                    packed_tile<Format, Shape>(packed, pixels, first, n, keep);
            });
        unpacked = true;
    });
}

inline void gemm_of_packed(const PackedGemm& packed) {
    constexpr int kPanels = kVectorsPerPanel > 1 ? 1 : 4;
    const IntegerGemm& q = packed.gemm;
    const int panels = (q.channels + kPanel - 1) / kPanel, k4s = (q.run_length + kK4 - 1) / kK4;
    const bool s4 = packed.weights.format == WeightFormat::s4;
    const int together = s4 ? FromFours::kTogether : FromTernary::kTogether;
    if (panels % kPanels == 0 && k4s % together == 0) {
        if (s4)
            gemm_from<FromFours>(packed);
        else
            gemm_from<FromTernary>(packed);
        return;
    }
    for (int i = 0; i < panels; ++i)
        unpack_panel({packed.weights, packed.panel + i, packed.unpacked + i * q.panel_stride});
    gemm_of_dots(q);
}

}  // namespace nibble::kernels::NIBBLE_SIMD_NAMESPACE
