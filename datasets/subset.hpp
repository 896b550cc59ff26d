// The first n samples of another data set.
#pragma once

#include <algorithm>

#include "datasets/dataset.hpp"
#include "engine/core/error.hpp"

namespace nibble {

class Subset : public Dataset {
  public:
    /// `base` must outlive this object. n above base.size() means all of it; 0 throws BadInput.
    Subset(const Dataset& base, std::size_t n)
        : Dataset(base.traits()), base_(base), size_(std::min(n, base.size())) {
        if (n == 0) throw BadInput("subset of " + base.name() + ": 0 images asked for; ask for at least 1");
    }

    std::size_t size() const override { return size_; }
    Sample get(std::size_t i) const override { return base_.get(i); }
    Sample get_augmented(std::size_t i, Random random) const override {
        return base_.get_augmented(i, random);
    }

  private:
    const Dataset& base_;
    std::size_t size_;
};

}  // namespace nibble
