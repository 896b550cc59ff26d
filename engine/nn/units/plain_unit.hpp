// Runs an operation by its definition (ops/op.hpp): for those that are a small share of any network, as poolings
// are.
#pragma once

#include "engine/nn/ops/op.hpp"
#include "engine/nn/units/unit.hpp"

namespace nibble {

class PlainUnit : public Unit {
  public:
    /// The inputs must store what they compute; `storage` is that of the value.
    PlainUnit(const Context& context, std::vector<Edge> inputs, Node node, kernels::Storage storage);

    std::vector<Edge*> inputs() override;
    void forward(int slot, Scratch& scratch) override;
    void backward(int slot, Scratch& scratch) override;
    kernels::Normalize view(int slot) const override { return stored_view(output_, slot); }

  private:
    /// The inputs' values as floats; those that must be widened lie in `memory`.
    std::vector<OpInput> operands(int slot, std::vector<std::vector<float>>& memory) const;

    std::vector<Edge> inputs_;
    Node node_;
    Buffer output_;
};

}  // namespace nibble
