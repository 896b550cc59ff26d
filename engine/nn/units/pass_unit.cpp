#include "engine/nn/units/pass_unit.hpp"

#include "engine/core/bf16.hpp"
#include "engine/nn/units/operand.hpp"

namespace nibble {

PassUnit::PassUnit(const Context& context, Edge input)
    : ActivationSource(context, input.from->dims(), input.from->storage()), input_(input) {}

void PassUnit::forward(int slot, Scratch&) {
    take_statistics(slot);
}

void PassUnit::backward(int slot, Scratch& scratch) {
    if (!input_.from->wants_gradient()) return;
    const Border none{.rows = dims_.h, .cols = dims_.w};
    const void* operand = gradient_operand(context_, output_gradient(slot), dims_, none, scratch.dy);
    if (context_.operand_bytes() == 2)  // bfloat16, as a GEMM reads it
        input_.from->receive(input_, slot, widened(operand, dims_.size()).data(), scratch);
    else
        input_.from->receive(input_, slot, static_cast<const float*>(operand), scratch);
}

}  // namespace nibble
