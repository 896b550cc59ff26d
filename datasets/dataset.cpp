#include "datasets/dataset.hpp"

#include <span>
#include <utility>

#include "datasets/augment.hpp"
#include "engine/core/digest.hpp"

namespace nibble {

std::string to_string(Split split) {
    return split == Split::train ? "train" : "test";
}

Dataset::Dataset(DatasetTraits traits) : traits_(std::move(traits)) {}

Sample Dataset::get_augmented(std::size_t i, Random random) const {
    Sample sample = get(i);
    sample.image = augment(sample.image, augmentation(), random);
    return sample;
}

std::string Dataset::digest() const {
    const std::lock_guard lock(digest_mutex_);
    if (digest_.empty()) digest_ = compute_digest();
    return digest_;
}

std::string Dataset::compute_digest() const {
    Digest digest;
    digest.add("nibble dataset 1\n" + to_string(shape()) + "\n" + std::to_string(classes()) + "\n");
    for (std::size_t i = 0; i < size(); ++i) {
        const Sample sample = get(i);
        const std::int32_t label = sample.label;
        digest.add(std::span(&label, 1)).add(std::span(sample.image.pixels));
    }
    return digest.hex();
}

}  // namespace nibble
