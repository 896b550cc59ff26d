// Which images calibrate a quantizer.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "datasets/dataset.hpp"

namespace nibble {

/// `count` images drawn without repetition from the training split (all of it if it has fewer), keyed by the
/// seed, as the network sees them: n x h x w x c normalised floats, never augmented. `normalization`: instead
/// of the data set's.
std::vector<float> calibration_images(const Dataset& training, std::size_t count, std::uint64_t seed,
                                      const std::optional<Normalization>& normalization);

}  // namespace nibble
