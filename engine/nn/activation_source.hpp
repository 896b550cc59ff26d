// What an activation finishes: the output of a convolution, or of any other unit.
#pragma once

#include "engine/nn/unit.hpp"

namespace nibble {

class ActivationSource : public Unit {
  public:
    using Unit::Unit;

    void set_activation(ActivationUnit* activation) { activation_ = activation; }
    ActivationUnit* activation() const override { return activation_; }
    /// What the stored output must be multiplied with to be the value.
    virtual double unit(int /*channel*/) const { return 1.0; }
    /// Batch statistics.
    void finish_forward(int images) override;

  protected:
    /// A batch norm follows.
    bool is_normalized() const;
    /// For that batch norm, in training; to be called when the output of `slot` is stored.
    void take_statistics(int slot) const;
    kernels::NormalizeBackward output_gradient(int slot) const;

  private:
    ActivationUnit* activation_ = nullptr;
};

/// The value of another unit, which stores it, in front of an activation.
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
