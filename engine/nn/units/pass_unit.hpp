// The value of another unit, which stores it, in front of an activation.
#pragma once

#include "engine/nn/units/activation.hpp"

namespace nibble {

class PassUnit : public ActivationSource {
  public:
    PassUnit(const Context& context, Edge input);

    std::vector<Edge*> inputs() override { return {&input_}; }
    void forward(int slot, Scratch& scratch) override;
    void backward(int slot, Scratch& scratch) override;
    kernels::Normalize view(int slot) const override { return input_.from->view(slot); }

  private:
    Edge input_;
};

}  // namespace nibble
