#include "engine/kernels/packing.hpp"

#include "engine/core/bf16.hpp"

namespace nibble::kernels {

PackedWeights::PackedWeights(const Kernels& kernels, bool bf16, int runs, int run_length, int channels)
    : kernels_(&kernels),
      bf16_(bf16),
      runs_(runs),
      run_length_(run_length),
      channels_(channels),
      element_bytes_(bf16 ? kernels.bf16_operand_bytes : 4) {
    const std::ptrdiff_t blocks = (run_length + kBlock - 1) / kBlock;
    run_stride_ = (bf16 ? blocks * kBlock : run_length) * kPanel;
    const std::ptrdiff_t panels = (channels + kPanel - 1) / kPanel;
    bytes_.resize(static_cast<std::size_t>(panels * runs_ * run_stride_ * element_bytes_));
}

void PackedWeights::pack(std::vector<float>& matrix) {
    if (bf16_) {
        for (float& x : matrix) x = to_float(to_bf16(x));
        kernels_->pack_bf16(matrix.data(), runs_, run_length_, channels_, bytes_.data());
        return;
    }
    auto* out = reinterpret_cast<float*>(bytes_.data());
    const int rows = runs_ * run_length_;
    for (int first = 0; first < channels_; first += kPanel)
        for (int k = 0; k < rows; ++k, out += kPanel)
            for (int n = 0; n < kPanel; ++n)
                out[n] = first + n < channels_ ? matrix[static_cast<std::size_t>(k) * channels_ + first + n]
                                               : 0.0f;
}

}  // namespace nibble::kernels
