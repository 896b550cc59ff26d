// A small data set for the tests of loaders, which can be made to fail and which counts what is read.
#pragma once

#include <atomic>
#include <vector>

#include "datasets/dataset.hpp"
#include "datasets/loader.hpp"
#include "engine/core/error.hpp"

namespace nibble::test {

class CountingDataset : public Dataset {
  public:
    explicit CountingDataset(std::size_t size)
        : Dataset({.name = "counting",
                   .shape = {5, 6, 3},
                   .classes = 7,
                   .normalization = {{0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}},
                   .augmentation = {.pad = 2, .flip = true}}),
          size_(size) {}

    std::size_t size() const override { return size_; }
    Sample get(std::size_t i) const override {
        ++reads;
        if (i == broken) throw BadInput("image " + std::to_string(i) + " is broken");
        Sample sample{{i == misshapen ? 4 : 5, 6, 3, {}}, static_cast<int>(i + shift_labels) % 7};
        for (std::size_t p = 0; p < sample.image.shape().count(); ++p)
            sample.image.pixels.push_back(static_cast<std::uint8_t>(i * 31 + p * 7));
        return sample;
    }

    static constexpr std::size_t kNone = ~std::size_t{0};
    std::size_t broken = kNone, misshapen = kNone, shift_labels = 0;
    mutable std::atomic<std::size_t> reads = 0;

  private:
    std::size_t size_;
};

/// One loaded batch, comparable.
struct Batch {
    std::vector<float> images;
    std::vector<std::int32_t> labels;
    Batch(BatchSource& source, std::uint32_t epoch, std::size_t step) {
        source.load(epoch, step, images, labels);
    }
    friend bool operator==(const Batch&, const Batch&) = default;
};

}  // namespace nibble::test
