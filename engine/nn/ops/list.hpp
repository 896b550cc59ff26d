// The operations there are, a file each.
#pragma once

#include "engine/nn/ops/op.hpp"

namespace nibble {

extern const Operation kInput, kConv, kLinear, kBatchNorm, kClamp, kAdd, kShortcutA, kMaxPool, kAvgPool,
    kGlobalPool, kAdaptivePool, kMultiply, kLeakyRelu, kHardSigmoid, kHardSwish, kSigmoid, kSilu, kConcat,
    kSlice, kShuffle, kPad, kLocalNorm, kDropout, kSoftmax;

}  // namespace nibble
