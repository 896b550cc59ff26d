#include "engine/nn/activation_source.hpp"

#include "engine/core/bf16.hpp"
#include "engine/nn/activation.hpp"
#include "engine/nn/operand.hpp"

namespace nibble {

bool ActivationSource::is_normalized() const {
    return activation_ && activation_->normalizes();
}

void ActivationSource::take_statistics(int slot) const {
    if (!context_.training || !is_normalized()) return;
    double* sums = activation_->statistics(slot);
    context_.kernels.moments({storage_, view(slot).src, dims_.h * dims_.w, dims_.c, sums, sums + dims_.c});
}

void ActivationSource::finish_forward(int images) {
    if (is_normalized()) activation_->finish_statistics(images);
}

kernels::NormalizeBackward ActivationSource::output_gradient(int slot) const {
    return activation_ ? activation_->source_gradient(slot) : gradient_view(slot);
}

PassUnit::PassUnit(const Context& context, Edge input)
    : ActivationSource(context, input.from->dims(), input.from->storage()), input_(input) {}

void PassUnit::forward(int slot, Scratch&) {
    take_statistics(slot);
}

void PassUnit::backward(int slot, Scratch& scratch) {
    if (!input_.from->wants_gradient()) return;
    const Border none{.rows = dims_.h, .cols = dims_.w};
    const void* operand = gradient_operand(context_, output_gradient(slot), dims_, none, scratch.dy);
    if (context_.operand_bytes() == 2)  // bfloat16, as products read it
        input_.from->receive(input_, slot, widened(operand, dims_.size()).data(), scratch);
    else
        input_.from->receive(input_, slot, static_cast<const float*>(operand), scratch);
}

}  // namespace nibble
