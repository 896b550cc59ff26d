#include "engine/infer/layout.hpp"

#include <algorithm>

#include "engine/infer/memory.hpp"

namespace nibble {
namespace {

// Kernels read up to a run's padding past the last pixel.
constexpr std::size_t kSlack = 64;

void widen_border(ValueLayout& value, const Window& window, Dims out) {
    const auto& [rows, cols] = window;
    const int bottom = std::max(value.rows - value.top, rows.source(out.h - 1, rows.kernel - 1) + 1);
    const int right = std::max(value.cols - value.left, cols.source(out.w - 1, cols.kernel - 1) + 1);
    value.top = std::max(value.top, rows.before);
    value.left = std::max(value.left, cols.before);
    value.rows = value.top + bottom;
    value.cols = value.left + right;
}

}  // namespace

Layout make_layout(const IntegerGraph& graph, bool keep_all) {
    const int last_step = static_cast<int>(graph.steps.size()) - 1;
    Layout layout;
    for (const IntegerValue& value : graph.values)
        layout.values.push_back({.dims = value.dims,
                                 .element = value.quantizer ? 1 : 4,
                                 .rows = value.dims.h,
                                 .cols = value.dims.w});
    std::vector<Lifetime> lifetimes(graph.values.size());
    for (int s = 0; s <= last_step; ++s) {
        const IntegerStep& step = graph.steps[s];
        if (step.kind == IntegerStep::Kind::gemm)
            widen_border(layout.values[step.inputs[0]], step.node.window,
                         graph.values[step.outputs.front()].dims);
        for (int v : step.outputs) lifetimes[v].first = lifetimes[v].last = s;
        for (int v : step.inputs) lifetimes[v].last = s;
        if (step.residual >= 0) lifetimes[step.residual].last = s;
    }
    for (int v : graph.steps.back().outputs) lifetimes[v].last = last_step;
    for (std::size_t v = 0; v < lifetimes.size(); ++v) {
        lifetimes[v].bytes = layout.values[v].bytes() + kSlack;
        if (keep_all) lifetimes[v].first = 0, lifetimes[v].last = last_step;
    }
    const MemoryPlan plan = plan_memory(lifetimes);
    for (std::size_t v = 0; v < lifetimes.size(); ++v) layout.values[v].offset = plan.offsets[v];
    layout.bytes = plan.bytes;
    return layout;
}

}  // namespace nibble
