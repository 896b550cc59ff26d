#include "engine/nn/ops/list.hpp"

#include <algorithm>

namespace nibble {

const Operation& operation(Op op) {
    static const Operation* const list[] = {
        &kInput,     &kConv,        &kLinear,    &kBatchNorm,  &kClamp,        &kAdd,
        &kShortcutA, &kMaxPool,     &kAvgPool,   &kGlobalPool, &kAdaptivePool, &kMultiply,
        &kLeakyRelu, &kHardSigmoid, &kHardSwish, &kSigmoid,    &kSilu,         &kConcat,
        &kSlice,     &kShuffle,     &kPad,       &kLocalNorm,  &kDropout,      &kSoftmax};
    return *list[static_cast<int>(op)];  // in the order of Op
}

std::vector<bool> non_negative_values(const Graph& graph) {
    std::vector<bool> known;
    for (const Node& node : graph.nodes()) {
        const Sign sign = operation(node.op).sign;
        known.push_back(
            sign == Sign::non_negative || (sign == Sign::clamped && node.clamp.low >= 0) ||
            (sign == Sign::of_operands && std::ranges::all_of(node.inputs, [&](int x) { return known[x]; })));
    }
    return known;
}

std::string node_name(const Node& node) {
    return node.name.empty() ? operation(node.op).name : "layer " + node.name;
}

}  // namespace nibble
