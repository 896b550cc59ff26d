#include "experiments/reports/study.hpp"

#include <doctest/doctest.h>

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
            c.result->top1 = *top1;
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

TEST_CASE("a study: by network, method and seed, as the grid lists them") {
    const Study study("quick", cells());
    CHECK(study.profile() == "quick");
    CHECK(study.networks() == std::vector<std::string>{"a", "b"});
    CHECK(study.methods() == std::vector<std::string>{"f32", "g4a8"});
    CHECK(study.in_grid("b", "f32"));
    CHECK_FALSE(study.in_grid("b", "g4a8"));
    CHECK(study.find("a", "g4a8", 2)->top1 == 82);
    CHECK(study.find("a", "g4a8", 1) == nullptr);
    CHECK(study.find("b", "g4a8", 0) == nullptr);
    CHECK(study.results("a", "g4a8").size() == 2);
    CHECK(study.values("a", "g4a8", top1) == std::vector<double>{80, 82});
    CHECK(study.values("a", "g4a8", fact("density")).empty());
    CHECK(study.networks_with({"f32", "g4a8"}) == std::vector<std::string>{"a"});
}

TEST_CASE("a study: a method with one seed stands for every seed of the other") {
    const Study study("quick", cells());
    CHECK(study.find("a", "f32", 7)->top1 == 90);
    CHECK(study.differences("a", "f32", "g4a8", top1) == std::vector<double>{10, 8});
    CHECK(study.differences("a", "g4a8", "f32", top1) == std::vector<double>{-10, -8});
    CHECK(study.differences("b", "f32", "g4a8", top1).empty());
}

TEST_CASE("a study: sums of several terms, seed by seed") {
    std::vector<ReportedCell> list = cells();
    for (std::uint64_t seed : {0, 1, 2}) {
        ReportedCell c{{"test", "a", "glyphs", "g64a8", seed}, {}};
        c.result.emplace();
        c.result->top1 = 50 + 10 * static_cast<double>(seed);
        list.push_back(c);
    }
    const Study study("quick", list);
    // g4a8 has no result for seed 1, f32 has one seed alone.
    CHECK(study.sums({{"a", "f32"}, {"a", "g4a8", -1}, {"a", "g64a8", 2}}) == std::vector<double>{110, 148});
    CHECK(study.sums({{"a", "f32"}}) == std::vector<double>{90});
    CHECK(study.sums({{"a", "f32"}, {"b", "f32", -1}}).empty());
    CHECK(study.sums({}).empty());
}

TEST_CASE("a study: no verdict while a cell is missing") {
    const auto verdict = [](const std::vector<ReportedCell>& list, const std::vector<std::string>& methods) {
        const Study study("quick", list);
        return to_string(judged_over(study, methods, {}, {compared(study, "f32", "g4a8", -50)}).verdict);
    };
    std::vector<ReportedCell> list = cells();
    CHECK(verdict(list, {"f32", "g4a8"}) == "inconclusive: 1 of 4 cells are missing");
    list[2].result = list[1].result;
    CHECK(verdict(list, {"f32", "g4a8"}) == "reproduced");
    // A third method, which network a alone lacks, does not hide what is missing there.
    CHECK(verdict(list, {"f32", "g4a8", "g64a8"}) == "reproduced");
    CHECK(verdict(cells(), {"f32", "g4a8", "g64a8"}) == "inconclusive: 1 of 4 cells are missing");
}

TEST_CASE("a study: estimates add the variance of draws and that of images; a single draw says so") {
    const auto estimate = [](const std::vector<double>& draws, std::size_t calibration, bool images) {
        std::vector<ReportedCell> list;
        const auto add = [&](const std::string& method, std::uint64_t seed, double value, std::size_t drawn) {
            ReportedCell c{{"test", "a", "glyphs", method, seed}, Result{}};
            c.result->top1 = value;
            c.result->quantized.emplace().calibration = drawn;
            if (images) c.result->correct = test::first_correct(value);
            list.push_back(c);
        };
        add("f32", 0, 90, 0);
        for (std::uint64_t seed = 0; seed < draws.size(); ++seed) add("g4a8", seed, draws[seed], calibration);
        return *Study("quick", list).estimate(difference("a", "f32", "g4a8"));
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
    CHECK_FALSE(Study("quick", cells()).estimate(difference("b", "f32", "g4a8")));
}

TEST_CASE("a study: facts of quantized cells") {
    auto list = cells();
    list[1].result->quantized = Result::Quantized();
    list[1].result->quantized->facts["density"] = 0.5;
    const Study study("quick", list);
    CHECK(study.values("a", "g4a8", fact("density")) == std::vector<double>{0.5});
}

TEST_CASE("a study: the largest network that has all results") {
    std::vector<ReportedCell> list = cells();
    for (ReportedCell& c : list)
        if (c.result) c.result->macs = 10;
    CHECK(Study("quick", list).largest_with({"f32"}) == "a");
    list.back().result.emplace();
    list.back().result->macs = 20;
    CHECK(Study("quick", list).largest_with({"f32"}) == "b");
    CHECK(Study("quick", list).largest_with({"f32", "g4a8"}) == "a");
    CHECK(Study("quick", list).largest_with({"g2"}).empty());
}
