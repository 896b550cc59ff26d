// All families of post-training methods, by name; a new one is a line in the list of the source file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/quant/post_training.hpp"

namespace nibble {

/// The names: what experiments and `--method` say.
std::vector<std::string> post_training_families();

/// The method of a family with these settings, "mmse" and "w4a4e8". Throws BadInput for what does not exist,
/// naming what does.
std::unique_ptr<PostTrainingMethod> post_training_method(const std::string& family,
                                                         const std::string& settings);

}  // namespace nibble
