// Steps without arithmetic of their own: the image becomes codes; shortcuts pick pixels; channels are put together
// anew.
#include <cstring>

#include "engine/infer/passing.hpp"
#include "engine/infer/steps/step.hpp"

namespace nibble {
namespace {

class QuantizeStep : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

    void run(const Share& share) const override {
        clear_borders(share);
        const ValueLayout& in = layout(step_.inputs[0]);
        const Items rows = share_of(in.dims.h, share);
        for (int slot = 0; slot < share.images; ++slot)
            for (int v : step_.outputs)
                context_.kernels.quantize(
                    {rows.end - rows.begin,
                     in.dims.w,
                     in.dims.c,
                     {pixel<float>(share, step_.inputs[0], slot, rows.begin, 0), in.row_stride(), in.dims.c},
                     codes(share, v, slot, rows.begin, 0)});
    }
};

class ShortcutStep : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

    void run(const Share& share) const override {
        clear_borders(share);
        const int to = step_.outputs.front();
        const ValueLayout &in = layout(step_.inputs[0]), &out = layout(to);
        const auto element = static_cast<std::size_t>(in.element);
        const auto first_channel = static_cast<std::size_t>((out.dims.c - in.dims.c) / 2);
        const int zero = zero_code(context_.graph.values[to]);
        const Items rows = share_of(out.dims.h, share);
        for (int slot = 0; slot < share.images; ++slot) {
            const std::byte* source = data(share, step_.inputs[0], slot);
            std::byte* target = data(share, to, slot);
            for (int r = rows.begin; r < rows.end; ++r)
                for (int c = 0; c < out.dims.w; ++c) {
                    std::byte* pixel = target + static_cast<std::size_t>(out.at(r, c)) * element;
                    std::memset(pixel, zero, static_cast<std::size_t>(out.dims.c) * element);
                    std::memcpy(pixel + first_channel * element,
                                source + static_cast<std::size_t>(
                                             in.at(r * step_.node.stride, c * step_.node.stride)) *
                                             element,
                                static_cast<std::size_t>(in.dims.c) * element);
                }
        }
    }
};

/// Concatenations and slices: ranges of channels, copied pixel by pixel.
class ChannelsStep : public RunnableStep {
  public:
    ChannelsStep(const StepContext& context, const IntegerStep& step) : RunnableStep(context, step) {
        const auto from =
            passed_channels(complete_node(context.graph, step), input_dims_of(context.graph, step));
        for (const auto& [operand, channel] : from) {
            const bool continues = !copies_.empty() && copies_.back().operand == operand &&
                                   copies_.back().first + copies_.back().count == channel;
            if (!continues) copies_.push_back({operand, channel, 0});
            ++copies_.back().count;
        }
    }

    void run(const Share& share) const override {
        clear_borders(share);
        const int to = step_.outputs.front();
        const ValueLayout& out = layout(to);
        const auto element = static_cast<std::size_t>(out.element);
        const Items rows = share_of(out.dims.h, share);
        for (int slot = 0; slot < share.images; ++slot)
            for (int r = rows.begin; r < rows.end; ++r)
                for (int c = 0; c < out.dims.w; ++c) {
                    std::byte* pixel =
                        data(share, to, slot) + static_cast<std::size_t>(out.at(r, c)) * element;
                    for (const Copy& copy : copies_) {
                        const int value = step_.inputs[static_cast<std::size_t>(copy.operand)];
                        const auto at = static_cast<std::size_t>(layout(value).at(r, c) + copy.first);
                        const std::size_t bytes = static_cast<std::size_t>(copy.count) * element;
                        std::memcpy(pixel, data(share, value, slot) + at * element, bytes);
                        pixel += bytes;
                    }
                }
    }

  private:
    struct Copy {
        int operand, first, count;
    };
    std::vector<Copy> copies_;
};

/// Channel by channel: a shuffle leaves no two of them together.
class ShuffleStep : public RunnableStep {
  public:
    ShuffleStep(const StepContext& context, const IntegerStep& step) : RunnableStep(context, step) {
        for (const PassedChannel& from :
             passed_channels(complete_node(context.graph, step), input_dims_of(context.graph, step)))
            channels_.push_back(from.channel);
    }

    void run(const Share& share) const override {
        clear_borders(share);
        const Items rows = share_of(layout(step_.outputs.front()).dims.h, share);
        for (int slot = 0; slot < share.images; ++slot)
            layout(step_.outputs.front()).element == 1 ? shuffle<std::uint8_t>(share, slot, rows)
                                                       : shuffle<float>(share, slot, rows);
    }

  private:
    template <class T>
    void shuffle(const Share& share, int slot, Items rows) const {
        const Dims dims = layout(step_.outputs.front()).dims;
        for (int r = rows.begin; r < rows.end; ++r) {
            const T* from = pixel<T>(share, step_.inputs[0], slot, r, 0);
            T* to = pixel<T>(share, step_.outputs.front(), slot, r, 0);
            for (int c = 0; c < dims.w; ++c, from += dims.c)
                for (const int channel : channels_) *to++ = from[channel];
        }
    }

    std::vector<int> channels_;  ///< of the input, by channel of the value
};

}  // namespace

std::unique_ptr<RunnableStep> make_channels_step(const StepContext& context, const IntegerStep& step) {
    if (step.node.op == Op::shuffle) return std::make_unique<ShuffleStep>(context, step);
    return std::make_unique<ChannelsStep>(context, step);
}

std::unique_ptr<RunnableStep> make_quantize_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<QuantizeStep>(context, step);
}

std::unique_ptr<RunnableStep> make_shortcut_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<ShortcutStep>(context, step);
}

}  // namespace nibble
