#include "datasets/loader.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
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
            .parallel = false,
            .normalization = {}};
}

LoaderOptions evaluation_options(std::size_t batch) {
    return {.batch = batch,
            .seed = 0,
            .shuffle = false,
            .augment = false,
            .drop_last = false,
            .parallel = true,
            .normalization = {}};
}

std::vector<std::uint32_t> epoch_order(std::size_t n, std::uint64_t seed, std::uint32_t epoch) {
    return permutation(static_cast<std::uint32_t>(n), Random(seed, Purpose::shuffle, epoch));
}

Loader::Loader(const Dataset& dataset, LoaderOptions options)
    : dataset_(dataset),
      options_(std::move(options)),
      normalize_(options_.normalization.value_or(dataset.normalization()), dataset.shape().channels),
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
    const auto load_one = [&](std::size_t i) {
        const std::size_t index = shuffled ? shuffled->indices[first + i] : first + i;
        load_sample(epoch, index, images.data() + i * pixels, labels[i]);
    };
    if (options_.parallel) return parallel_for(count, load_one);
    for (std::size_t i = 0; i < count; ++i) load_one(i);
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
    normalize_(sample.image.pixels, image);
    label = sample.label;
}

}  // namespace nibble
