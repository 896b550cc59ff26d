#include "engine/nn/pool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/bf16.hpp"
#include "engine/core/math.hpp"

namespace nibble {

PoolUnit::PoolUnit(const Context& context, Edge input, Dims dims, Op op, Window window)
    : Unit(context, dims, context.storage()),
      input_(input),
      in_(input.from->dims()),
      op_(op),
      window_(window) {
    if (op == Op::global_pool) window_ = {in_.h, in_.w};
    output_.reserve(image_bytes() * context.slots);
}

template <class Visit>
void PoolUnit::for_windows(Visit visit) const {
    for (int r = 0; r < dims_.h; ++r)
        for (int c = 0; c < dims_.w; ++c)
            for_pixels(window_, in_, r, c, [&](int row, int col) {
                visit(static_cast<std::size_t>(r) * dims_.w + c, static_cast<std::size_t>(row) * in_.w + col);
            });
}

const float* PoolUnit::widened(const void* from, std::size_t count, Buffer& buffer) const {
    if (storage_ == kernels::Storage::f32) return static_cast<const float*>(from);
    auto* to = buffer.reserve_as<float>(count);
    for (std::size_t i = 0; i < count; ++i) to[i] = to_float(static_cast<const Bf16*>(from)[i]);
    return to;
}

void PoolUnit::forward(int slot, Scratch& scratch) {
    const float* x = widened(input_.from->view(slot).src, in_.size(), scratch.image);
    auto* y = scratch.image2.reserve_as<float>(dims_.size());
    const bool max = op_ == Op::max_pool;
    std::fill_n(y, dims_.size(), max ? -std::numeric_limits<float>::infinity() : 0.0f);
    for_windows([&](std::size_t out, std::size_t in) {
        for (int c = 0; c < dims_.c; ++c) {
            float& to = y[out * dims_.c + c];
            const float value = x[in * dims_.c + c];
            if (!max)
                to += value;
            else
                to = larger(to, value);
        }
    });
    if (!max) {
        const float size = static_cast<float>(window_.taps());
        for (std::size_t i = 0; i < dims_.size(); ++i) y[i] /= size;
    }
    context_.kernels.store(storage_, y, output_.data() + slot * image_bytes(), dims_.size());
}

kernels::Normalize PoolUnit::view(int slot) const {
    kernels::Normalize view{};
    view.storage = storage_;
    view.src = output_.data() + slot * image_bytes();
    view.channels = dims_.c;
    return view;
}

void PoolUnit::backward(int slot, Scratch& scratch) {
    if (!input_.from->wants_gradient()) return;
    const float* dy = widened(gradient(slot), dims_.size(), scratch.image2);
    std::vector<float> dx(in_.size(), 0.0f);
    if (op_ == Op::max_pool) {
        const float* x = widened(input_.from->view(slot).src, in_.size(), scratch.image);
        constexpr auto kNone = static_cast<std::size_t>(-1);
        std::vector<std::size_t> winner(dims_.size(), kNone);
        for_windows([&](std::size_t out, std::size_t in) {
            for (int c = 0; c < dims_.c; ++c) {
                std::size_t& best = winner[out * dims_.c + c];
                const float value = x[in * dims_.c + c];
                if (best == kNone || value > x[best * dims_.c + c] || std::isnan(value)) best = in;
            }
        });
        for (std::size_t i = 0; i < dims_.size(); ++i) dx[winner[i] * dims_.c + i % dims_.c] += dy[i];
    } else {
        const float size = static_cast<float>(window_.taps());
        for_windows([&](std::size_t out, std::size_t in) {
            for (int c = 0; c < dims_.c; ++c) dx[in * dims_.c + c] += dy[out * dims_.c + c] / size;
        });
    }
    input_.from->receive(input_, slot, dx.data(), scratch);
}

}  // namespace nibble
