// Prepares the next batches in the background while the current one is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <vector>

#include "datasets/loader.hpp"

namespace nibble {

/// Gives exactly the batches of `source`, whatever the order of the calls; calls in sequence (step by step,
/// epoch by epoch) find their batch ready. An error met in the background is thrown by the load() that asks
/// for that batch. The destructor waits for what is being prepared. load() is for one thread at a time.
class PrefetchLoader : public BatchSource {
  public:
    /// Prepares up to `ahead` >= 1 batches at once, one thread each: 1 suffices for images in memory; take
    /// more for files that must be decoded. `source` must outlive this object and allow load() from several
    /// threads.
    explicit PrefetchLoader(BatchSource& source, std::size_t ahead = 1);

    std::size_t steps_per_epoch() const override { return source_.steps_per_epoch(); }
    void load(std::uint32_t epoch, std::size_t step, std::vector<float>& images,
              std::vector<std::int32_t>& labels) override;
    bool epochs_repeat() const override { return source_.epochs_repeat(); }

  private:
    struct Place {
        std::uint32_t epoch;
        std::size_t step;
        friend bool operator==(const Place&, const Place&) = default;
    };
    struct Batch {
        std::vector<float> images;
        std::vector<std::int32_t> labels;
    };
    struct Pending {
        Place place;
        std::future<Batch> batch;  // of std::async: its destructor waits for the thread
    };
    bool next(Place& place) const;
    void prepare_after(Place place);

    BatchSource& source_;
    std::size_t ahead_;
    std::deque<Pending> pending_;
};

}  // namespace nibble
