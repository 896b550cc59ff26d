// Runs an operation of one operand by its definition (op.hpp): for those that are a small share of any network,
// as poolings are.
#pragma once

#include "engine/nn/op.hpp"
#include "engine/nn/unit.hpp"

namespace nibble {

class PlainUnit : public Unit {
  public:
    /// `input` must store what it computes.
    PlainUnit(const Context& context, Edge input, Node node);

    Edge* input() override { return &input_; }
    void forward(int slot, Scratch& scratch) override;
    void backward(int slot, Scratch& scratch) override;
    kernels::Normalize view(int slot) const override;

  private:
    /// The input's value as floats.
    OpInput operand(int slot, Scratch& scratch) const;
    /// Widens `count` stored elements to float.
    const float* widened(const void* from, std::size_t count, Buffer& buffer) const;

    Edge input_;
    Node node_;
    Buffer output_;
};

}  // namespace nibble
