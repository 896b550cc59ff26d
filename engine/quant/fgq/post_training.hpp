// Ternary weights in groups without training, as a family of post-training methods: batch norm folded,
// weights and what layers read quantized (quantizer.hpp), what is added in 8 bits, and batch norm's
// statistics estimated anew from the quantized network (engine/quant/corrections/batch_norm.hpp). The calibration images
// give the exponents of activations, and, augmented as in training, these statistics.
//
// Folding multiplies the weights of an output channel by one number, which changes their steps alone: codes
// and multipliers are those of the weights as they were, up to rounding.
#pragma once

#include <memory>
#include <string>

#include "engine/quant/post_training.hpp"

namespace nibble::fgq {

/// The family "fgq". Facts, of methods in groups: "weight_error", "density", "groups",
/// "groups_helped_by_two_thresholds" (statistics.hpp), "multiplications", "multiplications_left"
/// (multiplications.hpp). Throws what method_from() throws.
std::unique_ptr<PostTrainingMethod> post_training(const std::string& settings);

}  // namespace nibble::fgq
