// How images become inputs of networks that their authors published without saying it in the file: known by the SHA-256 of
// the file, of which the file's name has the first digits.
#pragma once

#include <filesystem>

#include "datasets/preprocessing/preprocessing.hpp"

namespace nibble {

/// What is known of the file's network; nothing for other files. Throws IoError.
StatedPreprocessing published_preprocessing(const std::filesystem::path& path);

}  // namespace nibble
