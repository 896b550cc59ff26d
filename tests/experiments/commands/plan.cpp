#include "experiments/commands/plan.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "tests/helpers/scratch.hpp"

namespace nibble {
namespace {

CellTime timed(const char* profile, const char* experiment, const char* model, const char* method,
               double multiplications, double seconds) {
    return {{profile, experiment, model, "glyphs", method, 0, multiplications}, seconds};
}

/// Cells that no result is of, with these estimates; -1: none.
Plan plan_with(const std::vector<double>& seconds) {
    Plan plan;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
        auto& entry = plan.cells.emplace_back();
        entry = {"p", "mmse/net--glyphs--w4a8--s" + std::to_string(i), {}};
        if (seconds[i] >= 0) entry.estimate = TimeEstimate{seconds[i], false};
    }
    return plan;
}

TEST_CASE("plan: a cell takes as long as the most similar ones, by multiplications") {
    const CellWork cell{"p", "mmse", "net", "glyphs", "w4a8", 1, 100};
    std::vector<CellTime> known;
    CHECK(!estimate_of(cell, known));
    known.push_back(timed("p", "fgq", "net", "w4a8", 100, 7));
    CHECK(!estimate_of(cell, known));  // another experiment does other things

    const auto expect = [&](double seconds, bool rough) {
        const auto estimate = estimate_of(cell, known);
        REQUIRE(estimate);
        CHECK(estimate->seconds == doctest::Approx(seconds));
        CHECK(estimate->rough == rough);
    };
    known.push_back(timed("other", "mmse", "net", "w4a8", 50, 10));
    expect(20, true);
    known.push_back(timed("p", "mmse", "big", "w4a8", 1000, 50));
    expect(5, true);
    known.push_back(timed("p", "mmse", "net", "f32", 100, 9));
    expect(9, false);
    known.push_back(timed("p", "mmse", "net", "w4a8", 100, 3));
    known.push_back(timed("p", "mmse", "net", "w4a8", 100, 5));
    expect(4, false);
}

TEST_CASE("plan: what is said before says on what it rests") {
    CHECK(text_before(plan_with({}), 5, 2) == "0 of 5 cells to run");
    CHECK(text_before(plan_with({-1, -1}), 5, 2) ==
          "p: 2 of 5 cells to run; no estimate: none like them was timed, or their data are not here");
    Plan plan = plan_with({60, 180});
    plan.timed = 3;
    CHECK(text_before(plan, 5, 2) ==
          "p: 2 of 5 cells to run, about 2m00s on 2 cores (from 3 timed cells of this profile; longest: "
          "mmse/net--glyphs--w4a8--s1, 1m30s)");
    plan = plan_with({60, 180, -1});
    plan.cells[0].estimate->rough = true;
    plan.cells[2].profile = "q";
    CHECK(text_before(plan, 5, 1) ==
          "3 of 5 cells to run, 2 of them about 4m00s on 1 core (from timed cells of other profiles; 1 only "
          "roughly, by multiplications; 1 without an estimate: none like them was timed, or their data are "
          "not here; "
          "longest: mmse/net--glyphs--w4a8--s1, 3m00s)");
}

TEST_CASE("plan: what is left is corrected by how long the finished cells took") {
    const Plan plan = plan_with({10, 20, 30});
    CHECK(!seconds_left(plan, {false, false, false}, 5));
    CHECK(seconds_left(plan, {true, false, false}, 10).value() == doctest::Approx(50));
    CHECK(seconds_left(plan, {true, false, false}, 20).value() == doctest::Approx(100));  // twice as slow
    CHECK(seconds_left(plan, {false, true, true}, 25).value() == doctest::Approx(5));     // two at a time
    CHECK(seconds_left(plan, {true, true, true}, 60).value() == 0);
    // Without an estimate: as the mean of the others, or all alike.
    CHECK(seconds_left(plan_with({10, -1, 30}), {true, false, true}, 80).value() == doctest::Approx(40));
    CHECK(seconds_left(plan_with({-1, -1, -1}), {true, false, false}, 8).value() == doctest::Approx(16));
}

TEST_CASE("plan: other processes read it and see which results were written since") {
    const test::Scratch scratch("plan");
    std::filesystem::create_directories(scratch / "experiments");
    const Project project(scratch.path());
    const auto path = scratch / "plan.json";
    const auto finish = [&](const Plan& plan, std::size_t i) {
        const auto result = project.result("p", cell_from(plan.cells[i].cell));
        write_file(result, "{}");
        return result;
    };
    const Plan written = plan_with({10, 30, -1});
    const auto old = finish(written, 1);  // a stale result
    write_plan(path, written);
    std::filesystem::last_write_time(old, std::filesystem::last_write_time(path) - std::chrono::hours(1));
    Plan plan = read_plan(path);
    REQUIRE(plan.cells.size() == 3);
    CHECK(plan.cells[1].estimate->seconds == 30);
    CHECK(!plan.cells[2].estimate);
    CHECK(text_meanwhile(project, plan) == "0 of 3 cells done");
    finish(plan, 0);
    plan.begun -= std::chrono::seconds(20);
    CHECK(text_meanwhile(project, plan) == "1 of 3 cells done, about 1m40s left");
    finish(plan, 1);
    finish(plan, 2);
    CHECK(text_meanwhile(project, plan) == "3 of 3 cells done");

    for (const char* damaged :
         {"", "[]", "{}", R"({"cells": [{"profile": "p"}]})",
          R"({"cells": [{"profile": "p", "cell": "../x"}]})",
          R"({"cells": [{"profile": "p", "cell": "a/b--c--d--s0", "cpu_seconds": "x"}]})"}) {
        write_file(path, damaged);
        CHECK_THROWS_AS(read_plan(path), BadInput);
    }
}

}  // namespace
}  // namespace nibble
