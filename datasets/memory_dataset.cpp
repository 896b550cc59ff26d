#include "datasets/memory_dataset.hpp"

#include <algorithm>
#include <utility>

#include "engine/core/error.hpp"

namespace nibble {

MemoryDataset::MemoryDataset(DatasetTraits traits, std::vector<std::uint8_t> pixels,
                             std::vector<std::uint8_t> labels)
    : Dataset(std::move(traits)), pixels_(std::move(pixels)), labels_(std::move(labels)) {
    if (labels_.empty()) throw BadInput(name() + ": holds no image; at least one is needed");
    if (pixels_.size() != labels_.size() * shape().count())
        throw BadInput(name(), "bytes of " + std::to_string(labels_.size()) + " images",
                       std::to_string(labels_.size() * shape().count()), std::to_string(pixels_.size()));
    const int largest = *std::max_element(labels_.begin(), labels_.end());
    if (largest >= classes())
        throw BadInput(name(), "label", "0 to " + std::to_string(classes() - 1), std::to_string(largest));
}

Sample MemoryDataset::get(std::size_t i) const {
    const int label = labels_.at(i);  // throws before a pixel beyond the end is touched
    const std::uint8_t* first = pixels_.data() + i * shape().count();
    return {{shape().height, shape().width, shape().channels, {first, first + shape().count()}}, label};
}

}  // namespace nibble
