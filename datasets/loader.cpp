#include "datasets/loader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"

namespace nibble {
namespace {

std::size_t count_steps(const Dataset& dataset, const LoaderOptions& options) {
    if (options.batch == 0)
        throw BadInput("loader of " + dataset.name() + ": the batch size is 0; use 1 or more");
    if (dataset.size() > std::numeric_limits<std::uint32_t>::max())
        throw Unsupported("loader of " + dataset.name() + ": more than 2^32 - 1 images; take a subset");
    const std::size_t full = dataset.size() / options.batch;
    const bool partial = dataset.size() % options.batch != 0 && !options.drop_last;
    if (full + (partial ? 1 : 0) == 0)
        throw BadInput("loader of " + dataset.name(), "images for one full batch",
                       std::to_string(options.batch),
                       std::to_string(dataset.size()) + "; use a smaller batch");
    return full + (partial ? 1 : 0);
}

}  // namespace

LoaderOptions training_options(std::size_t batch, std::uint64_t seed) {
    return {.batch = batch,
            .seed = seed,
            .shuffle = true,
            .augment = true,
            .drop_last = true,
            .normalization = {}};
}

LoaderOptions evaluation_options(std::size_t batch) {
    return {.batch = batch,
            .seed = 0,
            .shuffle = false,
            .augment = false,
            .drop_last = false,
            .normalization = {}};
}

std::vector<std::uint32_t> epoch_order(std::size_t n, std::uint64_t seed, std::uint32_t epoch) {
    return permutation(static_cast<std::uint32_t>(n), Random(seed, Purpose::shuffle, epoch));
}

std::vector<std::array<float, 256>> normalization_tables(const Normalization& normalization, int channels) {
    const auto n = static_cast<std::size_t>(channels);
    if (normalization.mean.size() != n || normalization.std.size() != n)
        throw BadInput(
            "normalization", "means and standard deviations", std::to_string(channels) + " of each",
            std::to_string(normalization.mean.size()) + " and " + std::to_string(normalization.std.size()));
    std::vector<std::array<float, 256>> tables(n);
    for (std::size_t c = 0; c < n; ++c) {
        const float mean = normalization.mean[c], std = normalization.std[c];
        if (!std::isfinite(mean) || !std::isfinite(std) || !(std > 0))
            throw BadInput("normalization", "channel " + std::to_string(c), "finite mean, finite std > 0",
                           std::to_string(mean) + " and " + std::to_string(std));
        for (std::size_t byte = 0; byte < 256; ++byte)
            tables[c][byte] = (static_cast<float>(byte) / 255.0f - mean) / std;
    }
    return tables;
}

Loader::Loader(const Dataset& dataset, LoaderOptions options)
    : dataset_(dataset),
      options_(std::move(options)),
      tables_(normalization_tables(options_.normalization.value_or(dataset.normalization()),
                                   dataset.shape().channels)),
      steps_(count_steps(dataset, options_)) {}

void Loader::load(std::uint32_t epoch, std::size_t step, std::vector<float>& images,
                  std::vector<std::int32_t>& labels) {
    if (step >= steps_)
        throw BadInput("loader of " + dataset_.name(), "step", "0 to " + std::to_string(steps_ - 1),
                       std::to_string(step));
    const std::size_t first = step * options_.batch;
    const std::size_t count = std::min(options_.batch, dataset_.size() - first);
    const std::size_t pixels = dataset_.shape().count();
    images.resize(count * pixels);
    labels.resize(count);
    const std::shared_ptr<const Order> shuffled = options_.shuffle ? order(epoch) : nullptr;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t index = shuffled ? shuffled->indices[first + i] : first + i;
        load_sample(epoch, index, images.data() + i * pixels, labels[i]);
    }
}

std::shared_ptr<const Loader::Order> Loader::order(std::uint32_t epoch) {
    const std::lock_guard lock(order_mutex_);
    if (!order_ || order_->epoch != epoch)
        order_ =
            std::make_shared<const Order>(Order{epoch, epoch_order(dataset_.size(), options_.seed, epoch)});
    return order_;
}

void Loader::load_sample(std::uint32_t epoch, std::size_t index, float* image, std::int32_t& label) const {
    Sample sample = options_.augment
                        ? dataset_.get_augmented(index, Random(options_.seed, Purpose::augment, epoch,
                                                               static_cast<std::uint32_t>(index)))
                        : dataset_.get(index);
    if (sample.image.shape() != dataset_.shape() || sample.image.pixels.size() != dataset_.shape().count())
        throw BadInput(dataset_.name(), "shape of image " + std::to_string(index),
                       to_string(dataset_.shape()), to_string(sample.image.shape()));
    const std::size_t channels = tables_.size();
    const std::vector<std::uint8_t>& bytes = sample.image.pixels;
    for (std::size_t p = 0; p < bytes.size(); p += channels)
        for (std::size_t c = 0; c < channels; ++c) image[p + c] = tables_[c][bytes[p + c]];
    label = sample.label;
}

}  // namespace nibble
