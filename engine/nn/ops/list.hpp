// The operations there are, a file each.
#pragma once

#include "engine/nn/op.hpp"

namespace nibble {

extern const Operation kInput, kConv, kLinear, kBatchNorm, kClamp, kAdd, kShortcutA, kMaxPool, kAvgPool,
    kGlobalPool;

}  // namespace nibble
