// Batches for training and evaluation.
//
// All randomness is a function of (seed, purpose, epoch, index), so any batch of any epoch can be made on its
// own, in any order and by any thread: a resumed run sees what an uninterrupted one would have seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "datasets/dataset.hpp"

namespace nibble {

/// Where a training or evaluation loop gets its batches.
class BatchSource {
  public:
    virtual ~BatchSource() = default;

    virtual std::size_t steps_per_epoch() const = 0;

    /// Batch `step` < steps_per_epoch() of `epoch`: images as N x H x W x C floats, normalised, and N labels;
    /// both vectors are resized. N is the batch size, or less in the last step when nothing is dropped.
    virtual void load(std::uint32_t epoch, std::size_t step, std::vector<float>& images,
                      std::vector<std::int32_t>& labels) = 0;

    /// Whether all epochs hold the same batches.
    virtual bool epochs_repeat() const = 0;
};

struct LoaderOptions {
    std::size_t batch = 128;
    std::uint64_t seed = 0;
    bool shuffle = false;    ///< a fresh permutation every epoch
    bool augment = false;    ///< as Dataset::augmentation() says
    bool drop_last = false;  ///< leave out the last batch of an epoch if it is not full
    bool parallel = false;   ///< make the images of a batch in all threads; otherwise in the calling one
    std::optional<Normalization> normalization;  ///< instead of the data set's
};

/// Shuffled, augmented, full batches only.
LoaderOptions training_options(std::size_t batch, std::uint64_t seed);
/// In order, as they are, all of them; draws no random number. Files are decoded in all threads.
LoaderOptions evaluation_options(std::size_t batch);

/// The order in which `epoch` visits n samples.
std::vector<std::uint32_t> epoch_order(std::size_t n, std::uint64_t seed, std::uint32_t epoch);

/// Makes each batch when asked. load() may be called from several threads at once.
class Loader : public BatchSource {
  public:
    /// `dataset` must outlive the loader. Throws BadInput when the batch size is 0, an epoch would have no
    /// batch, or the normalization does not fit.
    Loader(const Dataset& dataset, LoaderOptions options);

    std::size_t steps_per_epoch() const override { return steps_; }
    void load(std::uint32_t epoch, std::size_t step, std::vector<float>& images,
              std::vector<std::int32_t>& labels) override;
    bool epochs_repeat() const override { return !options_.shuffle && !options_.augment; }

  private:
    struct Order {
        std::uint32_t epoch;
        std::vector<std::uint32_t> indices;
    };
    std::shared_ptr<const Order> order(std::uint32_t epoch);
    void load_sample(std::uint32_t epoch, std::size_t index, float* image, std::int32_t& label) const;

    const Dataset& dataset_;
    LoaderOptions options_;
    Normalizer normalize_;
    std::size_t steps_;
    std::mutex order_mutex_;
    std::shared_ptr<const Order> order_;  // of the epoch asked for last
};

}  // namespace nibble
