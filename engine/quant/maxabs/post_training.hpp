// Max-abs quantization as a post-training method.
#pragma once

#include <memory>

#include "engine/quant/maxabs/maxabs.hpp"
#include "engine/quant/post_training.hpp"

namespace nibble {

/// 512 calibration images give the ranges of activations. No experiment uses it, so no golden entry pins it.
std::unique_ptr<PostTrainingMethod> maxabs_post_training(const MaxAbs& options);

}  // namespace nibble
