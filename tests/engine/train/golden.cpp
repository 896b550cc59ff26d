// The golden trajectories: digests of short trainings that pin the arithmetic. Results are keyed by them, so
// a change here is a change of bits: NIBBLE_BLESS=1 rewrites the file on purpose, and `make stale` then lists
// what it made stale.
#include <doctest/doctest.h>

#include <cstdlib>

#include "engine/core/json.hpp"
#include "tests/helpers/trajectory.hpp"

using namespace nibble;

TEST_CASE("golden trajectories") {
    const std::string path = NIBBLE_SOURCE_DIR "/tests/golden/training.json";
    Json now;
    for (const std::string& family : test::trajectory_families())
        now[family] = test::trajectory_digest(family);
    if (std::getenv("NIBBLE_BLESS")) write_json(path, now);
    CHECK(read_json(path) == now);
}
