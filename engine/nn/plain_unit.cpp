#include "engine/nn/plain_unit.hpp"

#include <utility>

#include "engine/core/bf16.hpp"

namespace nibble {

PlainUnit::PlainUnit(const Context& context, Edge input, Node node)
    : Unit(context, node.out, context.storage()), input_(input), node_(std::move(node)) {
    output_.reserve(image_bytes() * context.slots);
}

const float* PlainUnit::widened(const void* from, std::size_t count, Buffer& buffer) const {
    if (storage_ == kernels::Storage::f32) return static_cast<const float*>(from);
    auto* to = buffer.reserve_as<float>(count);
    for (std::size_t i = 0; i < count; ++i) to[i] = to_float(static_cast<const Bf16*>(from)[i]);
    return to;
}

OpInput PlainUnit::operand(int slot, Scratch& scratch) const {
    const Dims dims = input_.from->dims();
    return {widened(input_.from->view(slot).src, dims.size(), scratch.image), dims};
}

void PlainUnit::forward(int slot, Scratch& scratch) {
    const OpInput x = operand(slot, scratch);
    auto* y = scratch.image2.reserve_as<float>(dims_.size());
    operation(node_.op).forward(node_, {&x, 1}, context_.weights, y);
    context_.kernels.store(storage_, y, output_.data() + slot * image_bytes(), dims_.size());
}

kernels::Normalize PlainUnit::view(int slot) const {
    kernels::Normalize view{};
    view.storage = storage_;
    view.src = output_.data() + slot * image_bytes();
    view.channels = dims_.c;
    return view;
}

void PlainUnit::backward(int slot, Scratch& scratch) {
    if (!input_.from->wants_gradient()) return;
    const OpInput x = operand(slot, scratch);
    const float* dy = widened(gradient(slot), dims_.size(), scratch.image2);
    std::vector<float> dx(x.dims.size(), 0.0f);
    operation(node_.op).backward(node_, x, dy, dx.data());
    input_.from->receive(input_, slot, dx.data(), scratch);
}

}  // namespace nibble
