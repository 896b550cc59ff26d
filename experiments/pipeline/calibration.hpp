// Which images calibrate a quantizer.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "datasets/dataset.hpp"

namespace nibble {

/// `count` numbers of images of the training split without repetition, keyed by the seed: the first ones of
/// one random order, so a larger set holds the smaller ones. Throws BadInput when there are fewer.
std::vector<std::uint32_t> calibration_ids(const Dataset& training, std::size_t count, std::uint64_t seed);

/// Calibration images as the network sees them: n x h x w x c normalised floats, never augmented. `normalization`:
/// instead of the data set's.
std::vector<float> calibration_images(const Dataset& training, const std::vector<std::uint32_t>& ids,
                                      const std::optional<Normalization>& normalization);

/// The same images as training sees them: augmented as is customary for the data set, keyed by the seed.
std::vector<float> augmented_calibration_images(const Dataset& training,
                                                const std::vector<std::uint32_t>& ids, std::uint64_t seed,
                                                const std::optional<Normalization>& normalization);

}  // namespace nibble
