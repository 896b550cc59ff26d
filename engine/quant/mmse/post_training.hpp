// A whole network by minimal mean squared error: batch norm folded, weights of every layer and what it reads
// quantized as the method says (method.hpp). What is added stays float unless the method gives it bits.
#pragma once

#include <memory>
#include <string>

#include "engine/quant/mmse/method.hpp"
#include "engine/quant/post_training.hpp"

namespace nibble::mmse {

/// Facts: "pairs" and "rounds" of an equalization (engine/quant/equalization); "tau", the relative
/// squared error above which output channels are dual, where some are; "loss_before" and "loss_after" of a refinement
/// (refine.hpp). Curves: of a grid search per tensor, error_curve.hpp for the
/// layers that max-abs approximates best, worst and in between, by name; where biases are corrected, over the
/// layers' numbers "output deviation" (bias_correction.hpp) and "weight norm", ||W^|| / ||W||.
PostTrained quantize(const FloatNetwork& network, const Calibration& calibration, const Method& method);

/// The family "mmse" of post_training_methods.hpp. Throws what method_from() throws.
std::unique_ptr<PostTrainingMethod> post_training(const std::string& settings);
/// The family "gptq": the same with -gptq, which the settings need not say.
std::unique_ptr<PostTrainingMethod> gptq_post_training(const std::string& settings);
/// The family "gptqfloat": the same with -gptqfloat.
std::unique_ptr<PostTrainingMethod> gptq_float_post_training(const std::string& settings);

/// The family "cle": the same with -cle, which the settings need not say.
std::unique_ptr<PostTrainingMethod> equalized_post_training(const std::string& settings);

}  // namespace nibble::mmse
