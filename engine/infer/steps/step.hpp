// A step of an integer graph made ready to run: weights packed, addresses known.
#pragma once

#include <memory>

#include "engine/infer/layout.hpp"
#include "engine/kernels/table.hpp"
#include "engine/nn/units/buffer.hpp"

namespace nibble {

/// What all steps of one executor share.
struct StepContext {
    const kernels::Kernels& kernels;
    const IntegerGraph& graph;
    const Layout& layout;
    /// By value: codes per unit of each channel, alike where a tensor has one scale; empty for floats.
    const std::vector<std::vector<float>>& multipliers;
};

/// One worker's part of a step: images in slots of one arena, which other workers may share, and memory of
/// its own.
struct Share {
    std::byte* arena;
    int images;       ///< in slots 0, 1, ... of the arena
    int part, parts;  ///< which share of how many
    Buffer& sums;
    Buffer& unpacked;
};

class RunnableStep {
  public:
    RunnableStep(const StepContext& context, const IntegerStep& step) : context_(context), step_(step) {}
    virtual ~RunnableStep() = default;
    RunnableStep(const RunnableStep&) = delete;
    RunnableStep& operator=(const RunnableStep&) = delete;

    /// Does this share of the work. Allocates only when a worker meets its largest step for the first time.
    virtual void run(const Share& share) const = 0;

  protected:
    const ValueLayout& layout(int value) const { return context_.layout.values[value]; }
    /// The first element of a value, border included.
    std::byte* data(const Share& share, int value, int slot) const {
        return share.arena + static_cast<std::size_t>(slot) * context_.layout.bytes + layout(value).offset;
    }
    template <class T>
    T* pixel(const Share& share, int value, int slot, int row, int col) const {
        return reinterpret_cast<T*>(data(share, value, slot)) + layout(value).at(row, col);
    }
    /// What a row of a value stands for (`codes_as_they_are`: its codes), as floats [w][c].
    void read_row(const Share& share, int value, int slot, int row, bool codes_as_they_are, float* to) const;
    /// A row of floats [w][c] to every output in its form.
    void store_row(const Share& share, int slot, int row, const float* values) const;
    /// Where the kernels put codes of `value`, from pixel (row, 0) and channel `channel` on.
    kernels::CodeOutput codes(const Share& share, int value, int slot, int row, int channel) const;
    /// Writes zero codes around every output that has a border.
    void clear_borders(const Share& share) const;

    const StepContext& context_;
    const IntegerStep& step_;
};

/// The stored code of zero.
inline int zero_code(const IntegerValue& value) {
    return value.quantizer ? value.quantizer->offset() : 0;
}

/// Items [begin, end) of this share.
struct Items {
    int begin, end;
};
inline Items share_of(int items, const Share& share) {
    const auto border = [&](int part) {
        return static_cast<int>(static_cast<long>(items) * part / share.parts);
    };
    return {border(share.part), border(share.part + 1)};
}

std::unique_ptr<RunnableStep> make_gemm_step(const StepContext& context, const IntegerStep& step);
std::unique_ptr<RunnableStep> make_quantize_step(const StepContext& context, const IntegerStep& step);
std::unique_ptr<RunnableStep> make_shortcut_step(const StepContext& context, const IntegerStep& step);
std::unique_ptr<RunnableStep> make_max_pool_step(const StepContext& context, const IntegerStep& step);
std::unique_ptr<RunnableStep> make_mean_step(const StepContext& context, const IntegerStep& step);
std::unique_ptr<RunnableStep> make_channels_step(const StepContext& context, const IntegerStep& step);
std::unique_ptr<RunnableStep> make_grouped_gemm_step(const StepContext& context, const IntegerStep& step);
std::unique_ptr<RunnableStep> make_rescale_step(const StepContext& context, const IntegerStep& step);
/// By the operation's definition, on codes as they are or on what they stand for.
std::unique_ptr<RunnableStep> make_plain_step(const StepContext& context, const IntegerStep& step);

}  // namespace nibble
