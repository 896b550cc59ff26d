// Fine-tuning with ternary weights as a training method: "g4a8-ft" goes on from a trained float network.
#pragma once

#include <memory>
#include <string>

#include "engine/quant/training_method.hpp"

namespace nibble::fgq {

/// The family "fgq": names of method.hpp with "-ft" behind; null for others. Training estimates batch norm's statistics
/// in any case, so no name may ask for another way.
std::unique_ptr<TrainingMethod> training(const std::string& name);

}  // namespace nibble::fgq
