// Another data set with other preprocessing than is customary for it.
#pragma once

#include <memory>
#include <utility>

#include "datasets/dataset.hpp"
#include "datasets/preprocessing/preprocessing.hpp"

namespace nibble {

/// Normalised as stated. Images in memory are resized and cropped as stated, too; those of files are already.
class Prepared : public Dataset {
  public:
    Prepared(std::unique_ptr<Dataset> base, const StatedPreprocessing& stated)
        : Dataset(traits_of(*base, stated)), base_(std::move(base)) {}

    std::size_t size() const override { return base_->size(); }
    Sample get(std::size_t i) const override {
        Sample sample = base_->get(i);
        if (changes_pixels()) sample.image = apply(*geometry(), sample.image, name());
        return sample;
    }
    Sample get_augmented(std::size_t i, Random random) const override {
        return changes_pixels() ? Dataset::get_augmented(i, random) : base_->get_augmented(i, random);
    }

  protected:
    std::string compute_digest() const override {
        return changes_pixels() ? Dataset::compute_digest() : base_->digest();
    }

  private:
    bool changes_pixels() const { return geometry() != base_->geometry(); }

    static DatasetTraits traits_of(const Dataset& base, const StatedPreprocessing& stated) {
        DatasetTraits traits = base.traits();
        traits.normalization = stated.normalization(traits.normalization);
        if (traits.geometry || !stated.states_geometry()) return traits;
        traits.geometry = stated.geometry({});
        traits.shape = apply(*traits.geometry, base.get(0).image, base.name()).shape();
        return traits;
    }

    std::unique_ptr<Dataset> base_;
};

}  // namespace nibble
