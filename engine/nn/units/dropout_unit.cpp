#include "engine/nn/units/dropout_unit.hpp"

#include "engine/core/rng.hpp"

namespace nibble {

DropoutUnit::DropoutUnit(const Context& context, Edge input, float rate, int number)
    : Unit(context, input.from->dims(), context.storage()), input_(input), rate_(rate), number_(number) {
    output_.reserve(image_bytes() * context.slots);
}

void DropoutUnit::apply(int slot, std::vector<float>& values) const {
    const Noise& noise = context_.noise;
    const std::uint32_t image = noise.first_image + static_cast<std::uint32_t>(slot);
    Random random(noise.seed, Purpose::dropout, noise.step,
                  static_cast<std::uint32_t>(number_) << 20 | image);
    const float scale = 1.0f / (1.0f - rate_);
    for (float& v : values) v = random.uniform() < rate_ ? 0.0f : v * scale;
}

void DropoutUnit::forward(int slot, Scratch&) {
    std::vector<float> values = floats_of(storage_, input_.from->view(slot).src, dims_.size());
    apply(slot, values);
    context_.kernels.store(storage_, values.data(), output_.data() + slot * image_bytes(), dims_.size());
}

void DropoutUnit::backward(int slot, Scratch& scratch) {
    if (!input_.from->wants_gradient()) return;
    std::vector<float> dx = floats_of(storage_, gradient(slot), dims_.size());
    apply(slot, dx);
    input_.from->receive(input_, slot, dx.data(), scratch);
}

}  // namespace nibble
