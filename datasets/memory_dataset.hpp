// Data sets small enough to keep decoded in memory: CIFAR, MNIST, glyphs.
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/dataset.hpp"

namespace nibble {

class MemoryDataset : public Dataset {
  public:
    /// `pixels` holds the images one after the other, each HWC of traits.shape; `labels` one class per image.
    /// Throws BadInput when there is no image, the sizes disagree, or a label is not below traits.classes.
    MemoryDataset(DatasetTraits traits, std::vector<std::uint8_t> pixels, std::vector<std::uint8_t> labels);

    std::size_t size() const override { return labels_.size(); }
    Sample get(std::size_t i) const override;

  private:
    std::vector<std::uint8_t> pixels_;
    std::vector<std::uint8_t> labels_;
};

}  // namespace nibble
