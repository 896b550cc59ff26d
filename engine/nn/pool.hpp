// Max, average and global average pooling.
//
//   max:      y = max of the window's pixels inside the image, NaN if one of them is;
//             the gradient goes to the first (kh, kw) that attains it
//   average:  y = (sum of the window, padding counting as zeros) / (taps of the window)
//   global:   y = (sum of all pixels) / (h w)
//
// Sums are float chains in the order of the pixels. Plain loops: pooling is a small share of any network
// here.
#pragma once

#include "engine/nn/unit.hpp"

namespace nibble {

class PoolUnit : public Unit {
  public:
    /// `op` is max_pool, avg_pool or global_pool (whose window is the whole image).
    PoolUnit(const Context& context, Edge input, Dims dims, Op op, Window window);

    Edge* input() override { return &input_; }
    void forward(int slot, Scratch& scratch) override;
    void backward(int slot, Scratch& scratch) override;
    kernels::Normalize view(int slot) const override;

  private:
    /// Calls visit(output pixel, input pixel) for every pair in a window, outputs and window positions in
    /// order.
    template <class Visit>
    void for_windows(Visit visit) const;
    /// Widens `count` stored elements to float.
    const float* widened(const void* from, std::size_t count, Buffer& buffer) const;

    Edge input_;
    Dims in_;
    Op op_;
    Window window_;
    Buffer output_;
};

}  // namespace nibble
