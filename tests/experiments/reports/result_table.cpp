#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "experiments/reports/comparison.hpp"
#include "tests/helpers/results.hpp"

using namespace nibble;

namespace {
std::vector<ReportedCell> cells() {
    std::vector<ReportedCell> list;
    const auto add = [&](const std::string& model, const std::string& method, std::uint64_t seed,
                         std::optional<double> top1) {
        ReportedCell c{{"test", model, "glyphs", method, seed}, {}};
        if (top1) {
            c.result.emplace();
            c.result->eval.top1 = *top1;
        }
        list.push_back(c);
    };
    add("a", "f32", 0, 90.0);
    for (std::uint64_t seed : {0, 1, 2})
        add("a", "g4a8", seed, seed == 1 ? std::nullopt : std::optional(80.0 + static_cast<double>(seed)));
    add("b", "f32", 0, {});
    return list;
}
}  // namespace

TEST_CASE("a result table: by network, method and seed, as the grid lists them") {
    const ResultTable table("quick", cells());
    CHECK(table.profile() == "quick");
    CHECK(table.networks() == std::vector<std::string>{"a", "b"});
    CHECK(table.methods() == std::vector<std::string>{"f32", "g4a8"});
    CHECK(table.in_grid("b", "f32"));
    CHECK_FALSE(table.in_grid("b", "g4a8"));
    CHECK(table.results("a", "g4a8").size() == 2);
    CHECK(table.values("a", "g4a8", top1) == std::vector<double>{80, 82});
    CHECK(table.values("a", "g4a8", fact("density")).empty());
    std::vector<ReportedCell> list = cells();
    list[1].result->quantization.emplace().facts["density"] = 0.5;
    CHECK(ResultTable("quick", list).values("a", "g4a8", fact("density")) == std::vector<double>{0.5});
    CHECK(table.networks_in_grid({"f32"}) == std::vector<std::string>{"a", "b"});
    CHECK(table.networks_with_results({"f32", "g4a8"}) == std::vector<std::string>{"a"});
}

TEST_CASE("a result table: a method with one seed stands for every seed of the other") {
    const ResultTable table("quick", cells());
    CHECK(table.differences("a", "f32", "g4a8", top1, Pairing::same_seed) == std::vector<double>{10});
    CHECK(table.differences("a", "f32", "g4a8", top1) == std::vector<double>{10, 8});
    CHECK(table.differences("a", "g4a8", "f32", top1) == std::vector<double>{-10, -8});
    CHECK(table.differences("b", "f32", "g4a8", top1).empty());
}

TEST_CASE("a result table: sums of several terms, seed by seed") {
    std::vector<ReportedCell> list = cells();
    for (std::uint64_t seed : {0, 1, 2}) {
        ReportedCell c{{"test", "a", "glyphs", "g64a8", seed}, {}};
        c.result.emplace();
        c.result->eval.top1 = 50 + 10 * static_cast<double>(seed);
        list.push_back(c);
    }
    const ResultTable table("quick", list);
    // g4a8 has no result for seed 1, f32 has one seed alone.
    CHECK(table.sums({{"a", "f32"}, {"a", "g4a8", -1}, {"a", "g64a8", 2}}) == std::vector<double>{110, 148});
    CHECK(table.sums({{"a", "f32"}}) == std::vector<double>{90});
    CHECK(table.sums({{"a", "f32"}, {"b", "f32", -1}}).empty());
    CHECK(table.sums({}).empty());
}

TEST_CASE("a result table: no verdict while a cell is missing") {
    const auto verdict = [](const std::vector<ReportedCell>& list, const std::vector<std::string>& methods) {
        const ResultTable table("quick", list);
        return to_string(judged_over(table, methods, {}, {compared(table, "f32", "g4a8", -50)}).verdict);
    };
    std::vector<ReportedCell> list = cells();
    CHECK(verdict(list, {"f32", "g4a8"}) == "inconclusive: 1 of 4 cells are missing");
    list[2].result = list[1].result;
    CHECK(verdict(list, {"f32", "g4a8"}) == "reproduced");
    // A third method, which network a alone lacks, does not hide what is missing there.
    CHECK(verdict(list, {"f32", "g4a8", "g64a8"}) == "reproduced");
    CHECK(verdict(cells(), {"f32", "g4a8", "g64a8"}) == "inconclusive: 1 of 4 cells are missing");
}

TEST_CASE("a result table: estimates add the variance of draws and that of images; a single draw says so") {
    const auto estimate = [](const std::vector<double>& draws, std::size_t calibration, bool images) {
        std::vector<ReportedCell> list;
        const auto add = [&](const std::string& method, std::uint64_t seed, double value, std::size_t drawn) {
            ReportedCell c{{"test", "a", "glyphs", method, seed}, Result{}};
            c.result->eval.top1 = value;
            c.result->quantization.emplace();
            if (drawn) c.result->quantization->calibration = {"train", drawn, ""};
            if (images) c.result->correct = test::first_correct(value);
            list.push_back(c);
        };
        add("f32", 0, 90, 0);
        for (std::uint64_t seed = 0; seed < draws.size(); ++seed) add("g4a8", seed, draws[seed], calibration);
        const ResultTable table("quick", list);
        return *paired(table)(difference("a", "f32", "g4a8"));
    };
    const Estimate exact = estimate({89}, 0, true);  // 100 of 10,000 images differ
    CHECK(exact.mean == doctest::Approx(1));
    CHECK(exact.note == "nothing drawn");
    CHECK(exact.variance->value == doctest::Approx((1e4 * 0.01 * 0.99 + 1) / 9999));
    CHECK(estimate({89}, 512, true).note == "one draw");
    CHECK_FALSE(estimate({89}, 512, false).variance);
    const Estimate drawn = estimate({89, 88, 87}, 512, true);
    CHECK(drawn.note.empty());
    CHECK(drawn.mean == doctest::Approx(2));
    const Estimate without = estimate({89, 88, 87}, 512, false);
    CHECK(without.variance->value == doctest::Approx(1.0 / 3));
    CHECK(drawn.variance->value > without.variance->value);
    CHECK(drawn.variance->degrees > 2);
    const ResultTable table("quick", cells());
    CHECK_FALSE(paired(table)(difference("b", "f32", "g4a8")));
}

TEST_CASE("a result table: the largest network that has all results") {
    std::vector<ReportedCell> list = cells();
    for (ReportedCell& c : list)
        if (c.result) c.result->cost.macs = 10;
    CHECK(ResultTable("quick", list).largest_with({"f32"}) == "a");
    list.back().result.emplace();
    list.back().result->cost.macs = 20;
    CHECK(ResultTable("quick", list).largest_with({"f32"}) == "b");
    CHECK(ResultTable("quick", list).largest_with({"f32", "g4a8"}) == "a");
    CHECK(ResultTable("quick", list).largest_with({"g2"}).empty());
}

TEST_CASE("a result table has one data set") {
    std::vector<ReportedCell> list = cells();
    list[1].cell.data = "cifar10";
    CHECK_THROWS_AS(ResultTable("quick", list), BadInput);
}
