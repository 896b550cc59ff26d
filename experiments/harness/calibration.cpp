#include "experiments/harness/calibration.hpp"

#include <algorithm>

#include "datasets/loader.hpp"
#include "engine/core/rng.hpp"

namespace nibble {

std::vector<float> calibration_images(const Dataset& training, std::size_t count, std::uint64_t seed,
                                      const std::optional<Normalization>& normalization) {
    const auto size = static_cast<std::uint32_t>(training.size());
    const auto order = permutation(size, Random(seed, Purpose::calibration));
    const int channels = training.shape().channels;
    const auto tables = normalization_tables(normalization.value_or(training.normalization()), channels);
    std::vector<float> values;
    for (std::size_t i = 0; i < std::min<std::size_t>(count, size); ++i) {
        const std::vector<std::uint8_t> pixels = training.get(order[i]).image.pixels;
        for (std::size_t p = 0; p < pixels.size(); ++p)
            values.push_back(tables[p % static_cast<std::size_t>(channels)][pixels[p]]);
    }
    return values;
}

}  // namespace nibble
