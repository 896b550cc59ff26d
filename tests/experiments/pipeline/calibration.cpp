#include "experiments/pipeline/calibration.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "datasets/augment.hpp"
#include "datasets/catalog.hpp"
#include "datasets/loader.hpp"
#include "engine/core/error.hpp"
#include "tests/datasets/counting_dataset.hpp"

using namespace nibble;
using Ids = std::vector<std::uint32_t>;

// Keys of results name the seed of a draw, not what it draws: a change here makes no result stale, so it must not
// go unnoticed.
TEST_CASE("calibration draws are pinned; a larger set holds the smaller ones") {
    const test::CountingDataset images(1000);
    CHECK(calibration_ids(images, 8, 3) == Ids{150, 345, 703, 764, 623, 27, 831, 580});
    CHECK(calibration_ids(images, 3, 3) == Ids{150, 345, 703});
    CHECK(calibration_ids(images, 8, 4) != calibration_ids(images, 8, 3));
    CHECK_THROWS_AS(calibration_ids(images, 1001, 3), BadInput);
}

TEST_CASE("augmented calibration images: the same ones, moved; keyed by the seed and the image") {
    const auto glyphs = open_dataset("glyphs", Split::train);
    const Ids ids{3, 5, 8, 13};
    const std::size_t size = glyphs->shape().count();
    const auto plain = calibration_images(*glyphs, ids, {}),
               moved = augmented_calibration_images(*glyphs, ids, 7, {});
    REQUIRE(moved.size() == plain.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto expected = normalization_tables(glyphs->normalization(), glyphs->shape().channels);
        const Image image = augment(glyphs->get(ids[i]).image, glyphs->augmentation(),
                                    Random(7, Purpose::calibration, 1, ids[i]));
        const auto channels = static_cast<std::size_t>(glyphs->shape().channels);
        for (std::size_t p = 0; p < size; ++p)
            REQUIRE(moved[i * size + p] == expected[p % channels][image.pixels[p]]);
    }
    CHECK(moved != plain);
    CHECK(augmented_calibration_images(*glyphs, ids, 8, {}) != moved);
    const auto one = augmented_calibration_images(*glyphs, {8}, 7, {});
    CHECK(std::equal(one.begin(), one.end(), moved.begin() + 2 * static_cast<std::ptrdiff_t>(size)));
}
