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
    for (Numerics numerics : {Numerics::f32, Numerics::bf16})
        now[to_string(numerics)] = test::trajectory_digest(numerics);
    if (std::getenv("NIBBLE_BLESS")) write_json(path, now);
    CHECK(read_json(path) == now);
}
