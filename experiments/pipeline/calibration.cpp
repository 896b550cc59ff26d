#include "experiments/pipeline/calibration.hpp"

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"

namespace nibble {

std::vector<std::uint32_t> calibration_ids(const Dataset& training, std::size_t count, std::uint64_t seed) {
    if (count > training.size())
        throw BadInput(
            "calibration", "images",
            "at most the " + std::to_string(training.size()) + " training images of " + training.name(),
            std::to_string(count));
    auto ids = permutation(static_cast<std::uint32_t>(training.size()), Random(seed, Purpose::calibration));
    ids.resize(count);
    return ids;
}

namespace {
/// image(id) for each number, normalised.
template <class ImageOf>
std::vector<float> normalised(const Dataset& training, const std::vector<std::uint32_t>& ids,
                              const std::optional<Normalization>& normalization, ImageOf image) {
    const Normalizer normalize(normalization.value_or(training.normalization()), training.shape().channels);
    const std::size_t size = training.shape().count();
    std::vector<float> values(ids.size() * size);
    parallel_for(ids.size(), [&](std::size_t i) { normalize(image(ids[i]).pixels, &values[i * size]); });
    return values;
}
}  // namespace

std::vector<float> calibration_images(const Dataset& training, const std::vector<std::uint32_t>& ids,
                                      const std::optional<Normalization>& normalization) {
    return normalised(training, ids, normalization, [&](std::uint32_t id) { return training.get(id).image; });
}

std::vector<float> augmented_calibration_images(const Dataset& training,
                                                const std::vector<std::uint32_t>& ids, std::uint64_t seed,
                                                const std::optional<Normalization>& normalization) {
    constexpr std::uint32_t kStream = 1;  // 0 is the draw of the numbers
    return normalised(training, ids, normalization, [&](std::uint32_t id) {
        return training.get_augmented(id, Random(seed, Purpose::calibration, kStream, id)).image;
    });
}

}  // namespace nibble
