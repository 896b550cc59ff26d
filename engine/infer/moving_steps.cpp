// Steps without arithmetic of their own: the image becomes codes; shortcuts pick pixels.
#include <cstring>

#include "engine/infer/step.hpp"

namespace nibble {
namespace {

class QuantizeStep : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

    void run(const Share& share) const override {
        clear_borders(share);
        const ValueLayout& in = layout(step_.input);
        const Items rows = share_of(in.dims.h, share);
        for (int slot = 0; slot < share.images; ++slot)
            for (int v : step_.outputs)
                context_.kernels.quantize(
                    {rows.end - rows.begin,
                     in.dims.w,
                     in.dims.c,
                     {pixel<float>(share, step_.input, slot, rows.begin, 0), in.row_stride(), in.dims.c},
                     codes(share, v, slot, rows.begin, 0)});
    }
};

class ShortcutStep : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

    void run(const Share& share) const override {
        clear_borders(share);
        const int to = step_.outputs.front();
        const ValueLayout &in = layout(step_.input), &out = layout(to);
        const auto element = static_cast<std::size_t>(in.element);
        const auto first_channel = static_cast<std::size_t>((out.dims.c - in.dims.c) / 2);
        const int zero = zero_code(context_.graph.values[to]);
        const Items rows = share_of(out.dims.h, share);
        for (int slot = 0; slot < share.images; ++slot) {
            const std::byte* source = data(share, step_.input, slot);
            std::byte* target = data(share, to, slot);
            for (int r = rows.begin; r < rows.end; ++r)
                for (int c = 0; c < out.dims.w; ++c) {
                    std::byte* pixel = target + static_cast<std::size_t>(out.at(r, c)) * element;
                    std::memset(pixel, zero, static_cast<std::size_t>(out.dims.c) * element);
                    std::memcpy(pixel + first_channel * element,
                                source + static_cast<std::size_t>(in.at(r * step_.stride, c * step_.stride)) *
                                             element,
                                static_cast<std::size_t>(in.dims.c) * element);
                }
        }
    }
};

}  // namespace

std::unique_ptr<RunnableStep> make_quantize_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<QuantizeStep>(context, step);
}

std::unique_ptr<RunnableStep> make_shortcut_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<ShortcutStep>(context, step);
}

}  // namespace nibble
