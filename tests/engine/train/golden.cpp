// The golden trajectories: digests of short trainings that pin the arithmetic.
//
//     training.json         one digest of everything for each kind of training. Results are keyed by them, so a change
//                           here is a change of bits, and `make stale` lists what it made stale.
//     training_steps.json   short digests of what each step computed, one line a step, which name the pass and the
//                           tensor where the bits part. No key depends on them.
//
// NIBBLE_BLESS=1 rewrites both on purpose.
#include <doctest/doctest.h>

#include <cstdlib>

#include "engine/core/json.hpp"
#include "tests/helpers/trajectory.hpp"

using namespace nibble;

TEST_CASE("golden trajectories") {
    const std::string folder = NIBBLE_SOURCE_DIR "/tests/golden/";
    const bool bless = std::getenv("NIBBLE_BLESS");
    const Json golden_steps = bless ? Json::object() : read_json(folder + "training_steps.json");
    Json now, steps;
    for (const std::string& family : test::trajectory_families()) {
        const test::Trajectory trajectory = test::trajectory(family);
        now[family] = trajectory.digest;
        steps[family] = trajectory.lines();
        if (bless) continue;
        CAPTURE(family);
        CHECK(trajectory.first_difference(golden_steps.at(family)) == "");
    }
    if (bless) {
        write_json(folder + "training.json", now);
        write_json(folder + "training_steps.json", steps);
    }
    CHECK(read_json(folder + "training.json") == now);
    CHECK(read_json(folder + "training_steps.json") == steps);
}

TEST_CASE("a trajectory names the first value that differs: step, pass and tensor") {
    test::Trajectory t;
    t.steps.push_back(
        {"odd, step 1", {{"forward pass: loss", "12ab"}, {"backward pass: gradient of a", "34cd"}}});
    t.steps.push_back({"odd, step 2", {{"forward pass: loss", "56ef"}}});
    std::map<std::string, std::string> golden = t.lines();
    CHECK(golden.at("odd, step 1") == "12ab 34cd");
    CHECK(t.first_difference(golden) == "");
    golden["odd, step 2"] = "0000";
    CHECK(t.first_difference(golden) == "odd, step 2, forward pass: loss differs");
    golden["odd, step 1"] = "12ab 34ce";
    CHECK(t.first_difference(golden) == "odd, step 1, backward pass: gradient of a differs");
    golden = t.lines();
    golden["odd, step 3"] = "0000";
    CHECK(t.first_difference(golden) == "steps are missing");
}
