// Quantization-aware training as a training method.
#pragma once

#include <memory>
#include <string>

#include "engine/quant/training_method.hpp"

namespace nibble::aqt {

/// The family "aqt": names as method.hpp writes them, null for others. Throws BadInput for codes that cannot be trained
/// beside quantized activations: half-shifted ones and those of one bit.
std::unique_ptr<TrainingMethod> training(const std::string& name);

}  // namespace nibble::aqt
