#include "experiments/harness/study.hpp"

#include <doctest/doctest.h>

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
    const auto verdict = [](std::vector<ReportedCell> list) {
        const Study study("quick", list);
        const Figure loss{"loss", study.differences("a", "f32", "g4a8"), -50};
        return to_string(judged_over(study, {"f32", "g4a8"}, {}, {loss}).verdict);
    };
    std::vector<ReportedCell> list = cells();
    CHECK(verdict(list) == "inconclusive: 1 of 4 cells are missing");
    list[2].result = list[1].result;
    CHECK(verdict(list) == "reproduced");
    CHECK(verdict({list.back()}) == "not attempted: cells missing");
    // A third method, which network a alone lacks, does not hide what is missing there.
    const auto of_three = [](const std::vector<ReportedCell>& some) {
        const Study study("quick", some);
        const Figure loss{"loss", {1, 2}, -50};
        return to_string(judged_over(study, {"f32", "g4a8", "g64a8"}, {}, {loss}).verdict);
    };
    CHECK(of_three(list) == "reproduced");
    CHECK(of_three(cells()) == "inconclusive: 1 of 4 cells are missing");
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
