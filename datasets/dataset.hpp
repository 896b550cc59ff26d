// What a data set is: `size()` labelled images of one shape, read by index.
//
// Everything else decorates it: Subset (first n), augment(), Loader (shuffle, batch, normalise),
// PrefetchLoader.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "datasets/augment.hpp"
#include "datasets/image.hpp"
#include "datasets/preprocessing/geometry.hpp"
#include "datasets/preprocessing/normalization.hpp"
#include "engine/core/rng.hpp"

namespace nibble {

/// An image and its class, 0 <= label < Dataset::classes().
struct Sample {
    Image image;
    int label = 0;
};

enum class Split { train, test };

/// "train" or "test"
std::string to_string(Split split);

/// What is fixed for all images of a data set.
struct DatasetTraits {
    std::string name;
    ImageShape shape;
    int classes = 0;
    Normalization normalization;
    Augmentation augmentation;
    std::optional<Geometry> geometry = {};  ///< applied to image files; none where images come as they are
};

/// Base of all data sets. Immutable after construction; every method may be called from any thread.
class Dataset {
  public:
    explicit Dataset(DatasetTraits traits);
    virtual ~Dataset() = default;
    Dataset(const Dataset&) = delete;
    Dataset& operator=(const Dataset&) = delete;

    /// Number of samples, between 1 and 2^32 - 1.
    virtual std::size_t size() const = 0;
    /// Sample i < size(). Throws BadInput or IoError when it lies in a file that cannot be read or decoded.
    virtual Sample get(std::size_t i) const = 0;
    /// The same as training sees it; `random` is this image's own. Default: get(i) through augment().
    virtual Sample get_augmented(std::size_t i, Random random) const;

    const DatasetTraits& traits() const { return traits_; }
    const std::string& name() const { return traits_.name; }
    const ImageShape& shape() const { return traits_.shape; }
    int classes() const { return traits_.classes; }
    /// What was asked for when the data set was opened, else what is customary for it; a network trained elsewhere may
    /// ask for another.
    const Normalization& normalization() const { return traits_.normalization; }
    const std::optional<Geometry>& geometry() const { return traits_.geometry; }
    /// The customary augmentation, in which no image changes its class (a mirrored digit would).
    const Augmentation& augmentation() const { return traits_.augmentation; }

    /// SHA-256 of the content, 64 hexadecimal digits; computed once, then remembered.
    std::string digest() const;

  protected:
    /// Default: shape, number of classes, then label (int32) and pixels of every sample in order.
    virtual std::string compute_digest() const;

  private:
    DatasetTraits traits_;
    mutable std::mutex digest_mutex_;
    mutable std::string digest_;
};

}  // namespace nibble
