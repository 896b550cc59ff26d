// All methods that quantize while they train, by name; a new family is a line in the list of the source file.
#pragma once

#include <memory>
#include <string>

#include "engine/quant/training_method.hpp"

namespace nibble {

/// Throws BadInput for a name that no family knows, and for settings that cannot be trained.
std::unique_ptr<TrainingMethod> training_method(const std::string& name);

}  // namespace nibble
