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

std::string node_name(const Node& node) {
    return node.name.empty() ? operation(node.op).name : "layer " + node.name;
}

}  // namespace nibble
