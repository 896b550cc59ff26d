// Dropout in training (Srivastava et al. 2014): with probability `rate` a value is left out, others are divided by
// 1 - rate; the gradient likewise. Which values, a stream of random numbers says that is the image's own.
#pragma once

#include <vector>

#include "engine/nn/units/unit.hpp"

namespace nibble {

class DropoutUnit : public Unit {
  public:
    /// `number` tells the dropouts of a network apart. The input must store what it computes.
    DropoutUnit(const Context& context, Edge input, float rate, int number);

    std::vector<Edge*> inputs() override { return {&input_}; }
    void forward(int slot, Scratch& scratch) override;
    void backward(int slot, Scratch& scratch) override;
    kernels::Normalize view(int slot) const override { return stored_view(output_, slot); }

  private:
    /// values[i] *= 0 or 1 / (1 - rate)
    void apply(int slot, std::vector<float>& values) const;

    Edge input_;
    float rate_;
    int number_;
    Buffer output_;
};

}  // namespace nibble
