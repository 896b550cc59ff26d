// Pooling of codes and of floats.
#include <algorithm>
#include <cstdint>

#include "engine/core/math.hpp"
#include "engine/infer/steps/step.hpp"

namespace nibble {
namespace {

class MaxPoolStep : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

    void run(const Share& share) const override {
        clear_borders(share);
        const Items rows = share_of(layout(step_.outputs.front()).dims.h, share);
        for (int slot = 0; slot < share.images; ++slot)
            if (context_.graph.values[step_.inputs[0]].quantizer)
                pool<std::uint8_t>(share, slot, rows);
            else
                pool<float>(share, slot, rows);
    }

  private:
    template <class T>
    void pool(const Share& share, int slot, Items rows) const {
        const int out = step_.outputs.front();
        const Dims dims = layout(out).dims;
        for (int r = rows.begin; r < rows.end; ++r)
            for (int c = 0; c < dims.w; ++c) {
                T* to = pixel<T>(share, out, slot, r, c);
                bool first = true;
                for_pixels(step_.node.window, layout(step_.inputs[0]).dims, r, c, [&](int row, int col) {
                    const T* from = pixel<T>(share, step_.inputs[0], slot, row, col);
                    if (first)
                        std::copy_n(from, dims.c, to);
                    else
                        for (int i = 0; i < dims.c; ++i) to[i] = larger(to[i], from[i]);
                    first = false;
                });
            }
    }
};

class AveragePoolStep : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

    void run(const Share& share) const override {
        clear_borders(share);
        const Dims out = layout(step_.outputs.front()).dims;
        const Items rows = share_of(out.h, share);
        const auto channels = static_cast<std::size_t>(out.c),
                   row = static_cast<std::size_t>(out.w) * channels;
        auto* const means = share.sums.reserve_as<float>(row + channels);
        auto* const sums = reinterpret_cast<std::int32_t*>(means + row);
        const bool of_codes = context_.graph.values[step_.inputs[0]].quantizer.has_value();
        for (int slot = 0; slot < share.images; ++slot)
            for (int r = rows.begin; r < rows.end; ++r) {
                float* mean = means;
                for (int c = 0; c < out.w; ++c, mean += out.c)
                    of_codes ? average_codes(share, slot, r, c, sums, mean)
                             : average_floats(share, slot, r, c, mean);
                store_row(share, slot, r, means);
            }
    }

  private:
    /// What the sum of output (r, c) is divided by.
    float divisor(int r, int c) const {
        const Window& window = step_.node.window;
        return static_cast<float>(step_.node.count_padding
                                      ? window.taps()
                                      : window.taps_inside(layout(step_.inputs[0]).dims, r, c));
    }

    void average_floats(const Share& share, int slot, int r, int c, float* mean) const {
        const ValueLayout& in = layout(step_.inputs[0]);
        std::fill_n(mean, in.dims.c, 0.0f);
        for_pixels(step_.node.window, in.dims, r, c, [&](int row, int col) {
            const float* from = pixel<float>(share, step_.inputs[0], slot, row, col);
            for (int i = 0; i < in.dims.c; ++i) mean[i] += from[i];
        });
        const float n = divisor(r, c);
        for (int i = 0; i < in.dims.c; ++i) mean[i] /= n;
    }

    void average_codes(const Share& share, int slot, int r, int c, std::int32_t* sums, float* mean) const {
        const ValueLayout& in = layout(step_.inputs[0]);
        const Quantizer& q = *context_.graph.values[step_.inputs[0]].quantizer;
        const int offset = q.offset();
        std::fill_n(sums, in.dims.c, 0);
        for_pixels(step_.node.window, in.dims, r, c, [&](int row, int col) {
            const auto* from = pixel<std::uint8_t>(share, step_.inputs[0], slot, row, col);
            for (int i = 0; i < in.dims.c; ++i) sums[i] += from[i] - offset;
        });
        const float n = divisor(r, c);
        for (int i = 0; i < in.dims.c; ++i) mean[i] = static_cast<float>(sums[i]) * q.step / n;
    }
};

}  // namespace

std::unique_ptr<RunnableStep> make_max_pool_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<MaxPoolStep>(context, step);
}

std::unique_ptr<RunnableStep> make_mean_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<AveragePoolStep>(context, step);
}

}  // namespace nibble
