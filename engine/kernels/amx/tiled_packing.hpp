// Weights as tiles: [panel][run][block][pair of k][16 channels][2].
#pragma once

#include "engine/kernels/amx/tiles.hpp"

namespace nibble::kernels::amx {

template <class Tiles>
struct TiledPacking {
    /// What lies beyond the run or the channels becomes 0.
    static void pack(const float* matrix, int runs, int run_length, int channels, void* packed) {
        auto* to = static_cast<Bits*>(packed);
        for (int first = 0; first < channels; first += kPanel)
            for (int r = 0; r < runs; ++r)
                for (int k = 0; k < ceil_div(run_length, kBlock) * kBlock; k += 2, to += 2 * kPanel) {
                    alignas(64) Bits even[kPanel] = {}, odd[kPanel] = {};
                    const int count = channels - first < kPanel ? channels - first : kPanel;
                    const float* row =
                        matrix + (static_cast<std::ptrdiff_t>(r) * run_length + k) * channels + first;
                    if (k < run_length) round_row(row, count, even);
                    if (k + 1 < run_length) round_row(row + channels, count, odd);
                    Tiles::pair(even, odd, to);
                }
    }

  private:
    /// The values are bfloat16 already: their upper halves.
    static void round_row(const float* from, int count, Bits* to) {
        for (int n = 0; n < count; ++n)
            to[n] = static_cast<Bits>(__builtin_bit_cast(std::uint32_t, from[n]) >> 16);
    }
};

}  // namespace nibble::kernels::amx
