#include "engine/nn/units/unit.hpp"

#include "engine/core/bf16.hpp"
#include "engine/nn/shortcut.hpp"

namespace nibble {

std::vector<float> floats_of(kernels::Storage storage, const void* from, std::size_t count) {
    if (storage == kernels::Storage::bf16) return widened(from, count);
    const auto* values = static_cast<const float*>(from);
    return {values, values + count};
}

kernels::Normalize Unit::stored_view(const Buffer& images, int slot) const {
    kernels::Normalize view{};
    view.storage = storage_;
    view.src = images.data() + slot * image_bytes();
    view.channels = dims_.c;
    return view;
}

kernels::NormalizeBackward Unit::gradient_view(int slot) const {
    kernels::NormalizeBackward view{};
    view.storage = storage_;
    view.gradient = gradient(slot);
    view.channels = dims_.c;
    return view;
}

const float* Unit::floats(int slot) const {
    const void* stored = view(slot).src;
    if (storage_ == kernels::Storage::f32) return static_cast<const float*>(stored);
    std::vector<float>& wide = floats_[static_cast<std::size_t>(slot)];
    wide = floats_of(storage_, stored, dims_.size());
    return wide.data();
}

kernels::MaskGradient Unit::rule(int slot) const {
    kernels::MaskGradient q{};
    q.storage = storage_;
    q.pixels = dims_.h * dims_.w;
    q.channels = dims_.c;
    q.gradient = gradient(slot);
    return q;
}

void Unit::add_residual_reader(Unit* reader, int shortcut_stride) {
    residual_readers_.push_back({reader, shortcut_stride});
}

const void* Unit::residual_gradient(const Reader& reader, int slot, Scratch& scratch) const {
    if (reader.stride == 0) return reader.unit->gradient(slot);
    void* expanded = scratch.residual.reserve(image_bytes());
    shortcut_backward(bytes_of(storage_), reader.unit->gradient(slot), reader.unit->dims(), reader.stride,
                      expanded, dims_);
    return expanded;
}

void Unit::receive(const Edge& edge, int slot, const float* incoming, Scratch& scratch) {
    bool first = edge.first;
    const auto accumulate = [&](const float* part, const void* residual) {
        kernels::MaskGradient q = Unit::rule(slot);
        q.incoming = part;
        q.earlier = first ? nullptr : gradient(slot);
        q.residual = residual;
        context_.kernels.mask_gradient(q);
        first = false;
    };
    if (!edge.last) return accumulate(incoming, nullptr);
    // All residual readers but one are added first; the last joins the completing pass.
    for (std::size_t i = 0; i + 1 < residual_readers_.size(); ++i)
        accumulate(nullptr, residual_gradient(residual_readers_[i], slot, scratch));
    kernels::MaskGradient q = rule(slot);
    q.incoming = incoming;
    q.earlier = first ? nullptr : gradient(slot);
    if (!residual_readers_.empty()) q.residual = residual_gradient(residual_readers_.back(), slot, scratch);
    context_.kernels.mask_gradient(q);
}

InputUnit::InputUnit(const Context& context, Dims dims) : Unit(context, dims, context.storage()) {
    images_.reserve(image_bytes() * context.slots);
}

void InputUnit::set(int slot, const float* image) {
    context_.kernels.store(storage_, image, images_.data() + slot * image_bytes(), dims_.size());
}

kernels::Normalize InputUnit::view(int slot) const {
    return stored_view(images_, slot);
}

}  // namespace nibble
