// Layouts of packed weights, the same arithmetic for every architecture.
//
//   f32:  [panel][run][k][kPanel]                        k in [0, run_length)
//   bf16: [panel][run][block][kBlock x kPanel elements]  in the order of Kernels::pack_bf16
#pragma once

#include <cstddef>
#include <vector>

#include "engine/kernels/table.hpp"

namespace nibble::kernels {

/// A weight matrix [runs * run_length][channels], packed for gemm_f32 or gemm_bf16.
class PackedWeights {
  public:
    PackedWeights() = default;
    PackedWeights(const Kernels& kernels, bool bf16, int runs, int run_length, int channels);

    /// Packs a row-major matrix; in bf16 it is rounded to bfloat16 first, where it lies.
    void pack(std::vector<float>& matrix);

    int run_length() const { return run_length_; }
    std::ptrdiff_t panel_stride() const { return run_stride_ * runs_; }
    /// The first panel, from run `run` on.
    const void* from_run(int run) const { return bytes_.data() + run * run_stride_ * element_bytes_; }
    /// `runs` runs behind `first`, from its k on; k a multiple of kBlock.
    const void* at(const void* first, int runs, int k) const {
        return static_cast<const std::byte*>(first) +
               (runs * run_stride_ + static_cast<std::ptrdiff_t>(k) * kPanel) * element_bytes_;
    }

  private:
    const Kernels* kernels_ = nullptr;
    bool bf16_ = false;
    int runs_ = 0, run_length_ = 0, channels_ = 0, element_bytes_ = 4;
    std::ptrdiff_t run_stride_ = 0;
    std::vector<std::byte> bytes_;
};

}  // namespace nibble::kernels
