#include "experiments/harness/calibration.hpp"

#include <doctest/doctest.h>

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
