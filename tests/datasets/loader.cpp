#include "datasets/loader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "datasets/augment.hpp"
#include "datasets/catalog.hpp"
#include "datasets/prefetch.hpp"
#include "datasets/subset.hpp"
#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/counting_dataset.hpp"
#include "tests/datasets/files.hpp"

using namespace nibble;
using namespace nibble::test;

TEST_CASE("the epoch's order is a permutation that changes with the epoch and the seed") {
    for (std::size_t n : {1u, 2u, 97u, 1000u}) {
        auto order = epoch_order(n, 5, 3);
        CHECK(order == epoch_order(n, 5, 3));
        if (n > 50) {
            CHECK(order != epoch_order(n, 5, 4));
            CHECK(order != epoch_order(n, 6, 3));
        }
        std::sort(order.begin(), order.end());
        std::vector<std::uint32_t> all(n);
        std::iota(all.begin(), all.end(), 0u);
        CHECK(order == all);
    }
}

// Keys of results name the seed of a training, not what it draws: a change here makes no result stale, so it must
// not go unnoticed.
TEST_CASE("what a training sees is pinned: order, crops, mirror images, normalization") {
    CHECK(epoch_order(10, 5, 3) == std::vector<std::uint32_t>{6, 2, 5, 7, 0, 3, 9, 1, 4, 8});
    const auto images = open_dataset("glyphs", Split::train);
    Loader loader(*images, training_options(32, 7));
    std::string seen;
    for (const std::uint32_t epoch : {0u, 2u}) {
        const Batch batch(loader, epoch, 3);
        const auto bytes = std::as_bytes(std::span(batch.images));
        seen.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        for (const std::int32_t label : batch.labels) seen += static_cast<char>('0' + label);
    }
    CHECK(digest_of(seen) == "a1d1629c220a8b50a01592c9dffcc2345976430d7b03690a427722777b5c61ea");
}

TEST_CASE("normalization is (byte / 255 - mean) / std in float") {
    const auto tables = normalization_tables({{0.4914f, 0.0f}, {0.2470f, 1.0f}}, 2);
    REQUIRE(tables.size() == 2);
    for (int byte = 0; byte < 256; ++byte) {
        volatile float value = static_cast<float>(byte);  // every operation rounded to float
        value = value / 255.0f;
        CHECK(tables[1][static_cast<std::size_t>(byte)] == value);
        value = value - 0.4914f;
        value = value / 0.2470f;
        CHECK(tables[0][static_cast<std::size_t>(byte)] == value);
    }
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(normalization_tables({{0.5f}, {0.5f}}, 3), BadInput);
    CHECK_THROWS_AS(normalization_tables({{0.5f}, {0.0f}}, 1), BadInput);
    CHECK_THROWS_AS(normalization_tables({{0.5f}, {-1.0f}}, 1), BadInput);
    CHECK_THROWS_AS(normalization_tables({{nan}, {1.0f}}, 1), BadInput);
    CHECK_THROWS_AS(normalization_tables({{0.5f}, {nan}}, 1), BadInput);
}

TEST_CASE("an evaluation loader visits everything once, in order, unchanged") {
    const CountingDataset dataset(23);
    Loader loader(dataset, evaluation_options(8));
    REQUIRE(loader.steps_per_epoch() == 3);
    CHECK(loader.epochs_repeat());
    std::size_t next = 0;
    for (std::size_t step = 0; step < 3; ++step) {
        const Batch batch(loader, 0, step);
        CHECK(batch == Batch(loader, 9, step));
        REQUIRE(batch.labels.size() == (step < 2 ? 8 : 7));
        REQUIRE(batch.images.size() == batch.labels.size() * dataset.shape().count());
        for (std::size_t i = 0; i < batch.labels.size(); ++i, ++next) {
            const Sample sample = dataset.get(next);
            CHECK(batch.labels[i] == sample.label);
            for (std::size_t p = 0; p < sample.image.pixels.size(); ++p)
                REQUIRE(batch.images[i * sample.image.pixels.size() + p] ==
                        (static_cast<float>(sample.image.pixels[p]) / 255.0f - 0.5f) / 0.25f);
        }
    }
    CHECK(next == 23);
}

TEST_CASE("a training batch is the shuffled, augmented samples, each keyed by (seed, epoch, index)") {
    const CountingDataset dataset(23);
    Loader loader(dataset, training_options(8, 11));
    REQUIRE(loader.steps_per_epoch() == 2);
    const auto tables = normalization_tables(dataset.normalization(), 3);
    for (std::uint32_t epoch : {0u, 1u, 70u}) {
        const auto order = epoch_order(23, 11, epoch);
        for (std::size_t step = 0; step < 2; ++step) {
            const Batch batch(loader, epoch, step);
            REQUIRE(batch.labels.size() == 8);
            for (std::size_t i = 0; i < 8; ++i) {
                const std::uint32_t index = order[step * 8 + i];
                const Sample sample = dataset.get(index);
                const Image image =
                    augment(sample.image, dataset.augmentation(), Random(11, Purpose::augment, epoch, index));
                CHECK(batch.labels[i] == sample.label);
                for (std::size_t p = 0; p < image.pixels.size(); ++p)
                    REQUIRE(batch.images[i * image.pixels.size() + p] == tables[p % 3][image.pixels[p]]);
            }
        }
    }
}

TEST_CASE("batches do not depend on the order of asking, on the loader object, or on prefetching") {
    const CountingDataset dataset(50);
    Loader loader(dataset, training_options(8, 1));
    std::vector<Batch> expected;
    for (std::uint32_t epoch = 0; epoch < 3; ++epoch)
        for (std::size_t step = 0; step < 6; ++step) expected.emplace_back(loader, epoch, step);
    CHECK(expected[0] != expected[6]);

    for (std::uint32_t k : epoch_order(18, 2, 0)) CHECK(Batch(loader, k / 6, k % 6) == expected[k]);

    Loader resumed(dataset, training_options(8, 1));
    for (std::size_t k = 10; k < 18; ++k) {
        CHECK(Batch(resumed, static_cast<std::uint32_t>(k / 6), k % 6) == expected[k]);
    }
    for (std::size_t ahead : {1u, 4u, 40u}) {
        PrefetchLoader prefetch(loader, ahead);
        for (std::size_t k = 0; k < 18; ++k)
            CHECK(Batch(prefetch, static_cast<std::uint32_t>(k / 6), k % 6) == expected[k]);
        for (std::uint32_t k : epoch_order(18, 2, 1)) CHECK(Batch(prefetch, k / 6, k % 6) == expected[k]);
    }
    Loader other(dataset, training_options(8, 2));
    CHECK(Batch(other, 0, 0) != expected[0]);
}

TEST_CASE("another normalization replaces the data set's") {
    const CountingDataset dataset(4);
    LoaderOptions options = evaluation_options(4);
    options.normalization = Normalization{{0, 0, 0}, {1, 1, 1}};
    Loader loader(dataset, options);
    const Batch batch(loader, 0, 0);
    CHECK(batch.images[0] == static_cast<float>(dataset.get(0).image.pixels[0]) / 255.0f);
    options.normalization = Normalization{{0}, {1}};
    CHECK_THROWS_AS(Loader(dataset, options), BadInput);
}

TEST_CASE("impossible loaders and steps are refused") {
    const CountingDataset dataset(10);
    CHECK_THROWS_AS(Loader(dataset, training_options(0, 0)), BadInput);
    CHECK_THROWS_AS(Loader(dataset, training_options(11, 0)), BadInput);
    CHECK(Loader(dataset, evaluation_options(11)).steps_per_epoch() == 1);
    CHECK(Loader(dataset, training_options(10, 0)).steps_per_epoch() == 1);
    Loader loader(dataset, evaluation_options(4));
    CHECK_THROWS_AS(Batch(loader, 0, 3), BadInput);
}

TEST_CASE("an image of another shape than promised is refused") {
    CountingDataset dataset(10);
    dataset.misshapen = 6;
    Loader loader(dataset, evaluation_options(5));
    CHECK_NOTHROW(Batch(loader, 0, 0));
    CHECK_THROWS_AS(Batch(loader, 0, 1), BadInput);
}

TEST_CASE("a subset is the first n, and has a digest of its own") {
    const CountingDataset dataset(10);
    const Subset three(dataset, 3), all(dataset, 99);
    CHECK(three.size() == 3);
    CHECK(three.get(2).image.pixels == dataset.get(2).image.pixels);
    CHECK(all.size() == 10);
    CHECK(all.digest() == dataset.digest());
    CHECK(three.digest() != dataset.digest());
    CHECK_THROWS_AS(Subset(dataset, 0), BadInput);
    CountingDataset relabelled(10);
    relabelled.shift_labels = 1;
    CHECK(relabelled.digest() != dataset.digest());
}
