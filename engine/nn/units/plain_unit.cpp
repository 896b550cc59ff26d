#include "engine/nn/units/plain_unit.hpp"

#include <algorithm>
#include <utility>

#include "engine/core/bf16.hpp"

namespace nibble {

PlainUnit::PlainUnit(const Context& context, std::vector<Edge> inputs, Node node, kernels::Storage storage)
    : Unit(context, node.out, storage), inputs_(std::move(inputs)), node_(std::move(node)) {
    output_.reserve(image_bytes() * context.slots);
}

std::vector<Edge*> PlainUnit::inputs() {
    std::vector<Edge*> edges;
    for (Edge& edge : inputs_) edges.push_back(&edge);
    return edges;
}

std::vector<OpInput> PlainUnit::operands(int slot, std::vector<std::vector<float>>& memory) const {
    std::vector<OpInput> in;
    memory.reserve(inputs_.size());
    for (const Edge& edge : inputs_) {
        const kernels::Normalize view = edge.from->view(slot);
        const Dims dims = edge.from->dims();
        if (view.storage == kernels::Storage::f32)
            in.push_back({static_cast<const float*>(view.src), dims});
        else
            in.push_back({memory.emplace_back(widened(view.src, dims.size())).data(), dims});
    }
    return in;
}

void PlainUnit::forward(int slot, Scratch& scratch) {
    std::vector<std::vector<float>> memory;
    const std::vector<OpInput> in = operands(slot, memory);
    auto* y = scratch.image2.reserve_as<float>(dims_.size());
    operation(node_.op).forward(node_, in, context_.weights, y);
    context_.kernels.store(storage_, y, output_.data() + slot * image_bytes(), dims_.size());
}

void PlainUnit::backward(int slot, Scratch& scratch) {
    std::vector<std::vector<float>> memory, gradients(inputs_.size());
    std::vector<float*> dx(inputs_.size(), nullptr);
    for (std::size_t k = 0; k < inputs_.size(); ++k)
        if (inputs_[k].from->wants_gradient()) {
            gradients[k].resize(inputs_[k].from->dims().size());
            dx[k] = gradients[k].data();
        }
    if (std::ranges::all_of(dx, [](const float* gradient) { return !gradient; })) return;
    std::vector<float> wide;
    if (storage_ == kernels::Storage::bf16) wide = widened(gradient(slot), dims_.size());
    const float* dy = wide.empty() ? static_cast<const float*>(gradient(slot)) : wide.data();
    operation(node_.op).backward(node_, operands(slot, memory), dy, dx);
    for (std::size_t k = 0; k < inputs_.size(); ++k)
        if (dx[k]) inputs_[k].from->receive(inputs_[k], slot, dx[k], scratch);
}

}  // namespace nibble
