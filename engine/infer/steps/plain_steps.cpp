// Steps in floats: batch norm, additions and clamps that follow no GEMM, and operations by their definitions.
#include <array>
#include <cmath>
#include <cstring>

#include "engine/infer/steps/step.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {
namespace {

class RescaleStep : public RunnableStep {
  public:
    using RunnableStep::RunnableStep;

    void run(const Share& share) const override {
        clear_borders(share);
        const Dims dims = layout(step_.outputs.front()).dims;
        const Items rows = share_of(dims.h, share);
        const std::size_t row = static_cast<std::size_t>(dims.w) * static_cast<std::size_t>(dims.c);
        auto* const values = share.sums.reserve_as<float>(2 * row);
        float* const residual = values + row;
        for (int slot = 0; slot < share.images; ++slot)
            for (int r = rows.begin; r < rows.end; ++r) {
                read_row(share, step_.inputs[0], slot, r, false, values);
                if (step_.residual >= 0) read_row(share, step_.residual, slot, r, false, residual);
                context_.kernels.normalize({.storage = kernels::Storage::f32,
                                            .src = values,
                                            .residual = step_.residual >= 0 ? residual : nullptr,
                                            .scale = step_.scale.empty() ? nullptr : step_.scale.data(),
                                            .shift = step_.scale.empty() ? nullptr : step_.shift.data(),
                                            .clamp = step_.node.clamp,
                                            .pixels = dims.w,
                                            .channels = dims.c,
                                            .dst = values,
                                            .to = kernels::Target::storage});
                store_row(share, slot, r, values);
            }
    }
};

class PlainStep : public RunnableStep {
  public:
    PlainStep(const StepContext& context, const IntegerStep& step)
        : RunnableStep(context, step),
          node_(complete_node(context.graph, step)),
          passes_(step.kind == IntegerStep::Kind::pass),
          dims_(input_dims_of(context.graph, step)) {}

    /// The operation needs the whole image: one worker does it.
    void run(const Share& share) const override {
        clear_borders(share);
        if (share.part != 0) return;
        std::size_t size = node_.out.size();
        for (const Dims& dims : dims_) size += dims.size();
        auto* const memory = share.sums.reserve_as<float>(size);
        for (int slot = 0; slot < share.images; ++slot) {
            float* to = memory;
            std::vector<OpInput> in;
            for (std::size_t k = 0; k < dims_.size(); ++k) {
                in.push_back({to, dims_[k]});
                for (int r = 0; r < dims_[k].h;
                     ++r, to += static_cast<std::ptrdiff_t>(dims_[k].w) * dims_[k].c)
                    read_row(share, step_.inputs[k], slot, r, passes_, to);
            }
            operation(node_.op).forward(node_, in, {}, to);
            const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(node_.out.w) * node_.out.c;
            for (int r = 0; r < node_.out.h; ++r)
                passes_ ? hand_on(share, slot, r, to + r * row, row)
                        : store_row(share, slot, r, to + r * row);
        }
    }

  private:
    void hand_on(const Share& share, int slot, int r, const float* values, std::ptrdiff_t count) const {
        const int to = step_.outputs.front();
        const auto& quantizer = context_.graph.values[to].quantizer;
        if (!quantizer) return store_row(share, slot, r, values);
        auto* stored = pixel<std::uint8_t>(share, to, slot, r, 0);
        for (std::ptrdiff_t i = 0; i < count; ++i)
            stored[i] = static_cast<std::uint8_t>(static_cast<int>(values[i]) + quantizer->offset());
    }

    Node node_;
    bool passes_;
    std::vector<Dims> dims_;
};

/// A function of one element, of codes: a table of its values.
class TableStep : public RunnableStep {
  public:
    TableStep(const StepContext& context, const IntegerStep& step) : RunnableStep(context, step) {
        const Quantizer& q = *context.graph.values[step.inputs[0]].quantizer;
        Node node = step.node;
        node.out = {1, 1, static_cast<int>(table_.size())};
        std::array<float, 256> reals;
        for (int stored = 0; stored < node.out.c; ++stored)
            reals[static_cast<std::size_t>(stored)] = static_cast<float>(stored - q.offset()) * q.step;
        const OpInput in{reals.data(), node.out};
        operation(node.op).forward(node, {&in, 1}, {}, table_.data());
    }

    void run(const Share& share) const override {
        clear_borders(share);
        const int from = step_.inputs[0];
        const Dims dims = layout(from).dims;
        const Items rows = share_of(dims.h, share);
        const std::size_t row = static_cast<std::size_t>(dims.w) * static_cast<std::size_t>(dims.c);
        auto* const values = share.sums.reserve_as<float>(row);
        for (int slot = 0; slot < share.images; ++slot)
            for (int r = rows.begin; r < rows.end; ++r) {
                const auto* stored = pixel<std::uint8_t>(share, from, slot, r, 0);
                for (std::size_t i = 0; i < row; ++i) values[i] = table_[stored[i]];
                store_row(share, slot, r, values);
            }
    }

  private:
    std::array<float, 256> table_;  ///< by stored code
};

}  // namespace

std::unique_ptr<RunnableStep> make_rescale_step(const StepContext& context, const IntegerStep& step) {
    return std::make_unique<RescaleStep>(context, step);
}

std::unique_ptr<RunnableStep> make_plain_step(const StepContext& context, const IntegerStep& step) {
    const bool is_table = step.kind == IntegerStep::Kind::apply && !is_island(context.graph, step);
    if (is_table) return std::make_unique<TableStep>(context, step);
    return std::make_unique<PlainStep>(context, step);
}

}  // namespace nibble
