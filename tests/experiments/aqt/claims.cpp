#include "experiments/aqt/claims.hpp"

#include <doctest/doctest.h>

#include "synthetic.hpp"

using namespace nibble;
using test::kCurves;
using test::Synthetic;

namespace {
using Outcome = Verdict::Kind;
using Networks = std::vector<std::string>;

/// Three networks with one accuracy a method each, the same for both seeds but for a little.
Synthetic study(const std::vector<double>& bf16, const std::vector<double>& w8a8,
                const std::vector<double>& w4a4e8, const std::vector<double>& w4a4 = {0, 0, 0}) {
    const Networks networks{"resnet8", "resnet14", "resnet20"};
    Synthetic s(networks, kCurves, 2);
    for (std::size_t i = 0; i < networks.size(); ++i) {
        const auto set = [&](const std::string& method, double top1) {
            s.set(networks[i], method, {top1, top1 + 0.01});
        };
        set("bf16", bf16[i]);
        set("w8a8", w8a8[i]);
        set("w4a4e8", w4a4e8[i]);
        set("w4a4", w4a4[i]);
    }
    return s;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE(
    "without cells nothing was attempted, and every claim names its command and knows the paper or not") {
    const auto claims = aqt::claims(Synthetic({"resnet8"}, kCurves).cells());
    REQUIRE(claims.size() == 8);
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const Claim& c = claims[i];
        CHECK(c.id == "aqt-" + std::to_string(i + 1));
        const bool in_grid = i != 5 && i != 6;
        CHECK(to_string(c.verdict) ==
              (in_grid ? "not attempted: cells missing" : "not attempted: not in the grid of profile quick"));
        CHECK(c.ours == kMissing);
        CHECK_FALSE(c.statement.empty());
        CHECK_FALSE(c.paper.empty());
        CHECK(has(c.measure, "Reproduced when"));
        CHECK(has(c.command, "nibble verify $(nibble cells aqt --profile quick | grep"));
    }
    CHECK(has(claims[7].command, "'--(w4a4e8|w4a4)--'"));
}

TEST_CASE("1: every bf16 network beaten, one not beaten, and too close") {
    const auto verdict = [](const Synthetic& s) { return aqt::quantized_dominates_bf16(s.cells()); };
    const Claim yes = verdict(study({80, 85, 87}, {81, 86, 88}, {80.5, 86, 87.5}));
    CHECK(yes.verdict.kind == Outcome::reproduced);
    CHECK(has(yes.ours, "w8a8 (linear cost) +1.00 ± 0.00 points (6 of 6 bf16 results beaten)"));
    const Claim no = verdict(study({80, 85, 87}, {81, 86, 88}, {80.5, 86, 86}));
    CHECK(no.verdict.kind == Outcome::not_reproduced);
    CHECK(no.verdict.why == "w4a4e8 (linear cost); w4a4e8 (quadratic cost)");
    Synthetic close({"resnet8"}, kCurves);
    close.set("resnet8", "bf16", {80}).set("resnet8", "w8a8", {81}).set("resnet8", "w4a4e8", {80.2});
    CHECK(verdict(close).verdict.kind == Outcome::inconclusive);
    // A larger network may do it at less cost: w4a4e8 of twice the size costs half of bf16.
    CHECK(verdict(study({80, 85, 84}, {81, 86, 85}, {79, 86, 85})).verdict.kind == Outcome::reproduced);
}

TEST_CASE("2: the curve of mostly 4 bits above the others, below, and out of their reach") {
    const auto verdict = [](const Synthetic& s) { return aqt::mostly_4_bit_is_best(s.cells()); };
    // Linear costs: bf16 1 2 4, w8a8 0.5 1 2, w4a4e8 0.25 0.5 1, all times the same.
    const Claim yes = verdict(study({70, 75, 78}, {75, 80, 83}, {79, 82, 86}));
    CHECK(yes.verdict.kind == Outcome::reproduced);
    const Claim no = verdict(study({70, 75, 78}, {85, 88, 90}, {79, 82, 86}));
    CHECK(no.verdict.kind == Outcome::not_reproduced);
    CHECK(has(no.verdict.why, "over w8a8 (linear cost)"));
    // The dearest bf16 and w8a8 networks are more accurate than any of w4a4e8, which ends before: left out.
    const Claim rest = verdict(study({70, 75, 99}, {75, 80, 99}, {79, 82, 86}));
    CHECK(to_string(rest.verdict) == "inconclusive: dearer results are more accurate than the front reaches");
    CHECK(has(rest.ours, "over w8a8 (linear cost) +5.94"));
    CHECK(has(rest.ours, "(4 of 6 results compared)"));
    // The dearest w4a4e8 network is not on its front, which is flat up to there.
    const Claim flat = verdict(study({70, 75, 78}, {75, 82.5, 83}, {79, 82, 81}));
    CHECK(has(flat.ours, "over w8a8 (linear cost) -0.50 ± 0.00"));
    CHECK(flat.verdict.kind == Outcome::not_reproduced);
    const Claim apart = verdict(study({90, 91, 92}, {93, 94, 95}, {79, 82, 86}));
    CHECK(apart.verdict.kind ==
          Outcome::not_reproduced);  // though under the quadratic model bf16 is out of reach
    Synthetic one({"resnet8"}, kCurves);
    one.set("resnet8", "bf16", {80}).set("resnet8", "w8a8", {81}).set("resnet8", "w4a4e8", {70});
    CHECK(to_string(verdict(one).verdict) ==
          "inconclusive: no costs in common: over bf16 (linear cost); over w8a8 (linear cost); over bf16 "
          "(quadratic cost); over "
          "w8a8 (quadratic cost)");
}

TEST_CASE("nothing is decided until all networks have results") {
    const auto verdict = [](double w4a4e8) {
        Synthetic s({"resnet8", "resnet14"}, kCurves);
        s.set("resnet8", "w4a4e8", {w4a4e8}).set("resnet8", "w4a4", {80});
        return to_string(aqt::narrow_ends_cost_accuracy(s.cells()).verdict);
    };
    for (const double w4a4e8 : {85, 75})
        CHECK(verdict(w4a4e8) == "inconclusive: 1 of 2 networks have results");
}

TEST_CASE("3: on the largest network, or the paper's") {
    const auto verdict = [](const Synthetic& s) { return aqt::quantized_beats_float(s.cells()); };
    const Claim yes = verdict(study({80, 85, 87}, {0, 0, 89}, {1, 1, 88}));
    CHECK(yes.verdict.kind == Outcome::reproduced);
    CHECK(has(yes.ours, "resnet20: w8a8 89.00"));
    CHECK(has(yes.paper, "77.43"));
    CHECK(verdict(study({80, 85, 87}, {81, 86, 89}, {80, 85, 86})).verdict.kind == Outcome::not_reproduced);
    CHECK(verdict(study({80, 85, 87}, {81, 86, 87}, {80, 85, 88})).verdict.kind == Outcome::not_reproduced);
    const auto without = [&](const char* missing) {
        Synthetic some({"resnet8", "resnet14", "resnet20"}, kCurves);
        for (const char* network : {"resnet8", "resnet14", "resnet20"})
            if (std::string(network) != missing)
                some.set(network, "bf16", {80}).set(network, "w8a8", {75}).set(network, "w4a4e8", {74});
        return verdict(some).verdict;
    };
    CHECK(without("resnet8").kind == Outcome::not_reproduced);
    CHECK(to_string(without("resnet20")) == "inconclusive: a larger network has no results yet");
    Synthetic s({"resnet50-imagenet", "resnet101-imagenet"}, kCurves);
    for (const char* network : {"resnet50-imagenet", "resnet101-imagenet"})
        s.set(network, "bf16", {76.65}).set(network, "w8a8", {77.43}).set(network, "w4a4e8", {77.09});
    CHECK(has(verdict(s).ours, "(resnet50-imagenet: w8a8 77.43, w4a4e8 77.09, bf16 76.65 %)"));
    CHECK(verdict(s).verdict.kind == Outcome::inconclusive);  // of one seed
}

TEST_CASE("4: the gap falls, rises, and is the mean over networks") {
    const auto verdict = [](double bf16, double w8a8, double w4a4e8) {
        Synthetic s({"resnet8", "resnet14"}, kCurves);
        for (const char* network : {"resnet8", "resnet14"}) {
            s.set(network, "bf16", {80}, 80 + bf16).set(network, "w8a8", {80}, 80 + w8a8);
            s.set(network, "w4a4e8", {80}, 80 + w4a4e8);
        }
        return aqt::gap_falls_with_precision(s.cells());
    };
    CHECK(verdict(9, 7, 4).verdict.kind == Outcome::reproduced);
    CHECK(has(verdict(9, 7, 4).ours, "gap of bf16 - w8a8 +2.00 points (resnet8 +2.00, resnet14 +2.00)"));
    CHECK(verdict(9, 8.8, 4).verdict.kind == Outcome::inconclusive);
    CHECK(verdict(9, 7, 8).verdict.kind == Outcome::not_reproduced);
}

TEST_CASE("5 and 8: what 8 bits in the first and last layer cost and bring") {
    const Synthetic better = study({1, 1, 1}, {1, 1, 1}, {80, 81, 82}, {79, 80, 81});
    const Claim cheap = aqt::wide_ends_are_cheap(better.cells());
    CHECK(cheap.verdict.kind == Outcome::reproduced);
    CHECK(has(cheap.ours, "linear cost of w4a4e8 - w4a4 +0.25 % of bf16"));
    CHECK(has(cheap.ours, "quadratic cost of w4a4e8 - w4a4 +0.19 % of bf16"));
    CHECK(aqt::narrow_ends_cost_accuracy(better.cells()).verdict.kind == Outcome::reproduced);
    const Synthetic worse = study({1, 1, 1}, {1, 1, 1}, {80, 81, 82}, {81, 82, 83});
    CHECK(aqt::wide_ends_are_cheap(worse.cells()).verdict.kind == Outcome::not_reproduced);
    CHECK(aqt::narrow_ends_cost_accuracy(worse.cells()).verdict.kind == Outcome::not_reproduced);
    Synthetic dear({"resnet8"}, kCurves);
    dear.set("resnet8", "w4a4e8", {80}).set("resnet8", "w4a4", {78});
    auto cells = dear.reported();
    for (ReportedCell& c : cells)
        if (c.result && c.cell.method == "w4a4e8") c.result->linear_cost += 16 * c.result->macs / 40;
    const Claim claim = aqt::wide_ends_are_cheap(aqt::Cells("quick", cells));
    CHECK(to_string(claim.verdict) == "not reproduced: linear cost of w4a4e8 - w4a4");
}

TEST_CASE("6: bounds against a fixed one, and how much the moment of freezing matters") {
    const auto verdict = [](double fixed, double later) {
        Synthetic s({"resnet8"}, {"w4a4e8", "w4a4e8-fixed6", "w4a4e8-start50"});
        s.set("resnet8", "w4a4e8", {80}).set("resnet8", "w4a4e8-fixed6", {fixed});
        s.set("resnet8", "w4a4e8-start50", {later});
        return aqt::automatic_bounds_suffice(s.cells()).verdict.kind;
    };
    CHECK(verdict(78, 80.1) == Outcome::reproduced);
    CHECK(verdict(78, 80.9) == Outcome::inconclusive);
    CHECK(verdict(78, 83) == Outcome::not_reproduced);
    CHECK(verdict(82, 80) == Outcome::not_reproduced);
}

TEST_CASE("7: the other rules of the bounds") {
    const auto verdict = [](double magnitude, double mix) {
        Synthetic s({"resnet8"}, {"w4a4e8", "w4a4e8-abs", "w4a4e8-mix50"});
        s.set("resnet8", "w4a4e8", {80}).set("resnet8", "w4a4e8-abs", {magnitude});
        s.set("resnet8", "w4a4e8-mix50", {mix});
        return aqt::mean_of_maxima_is_no_worse(s.cells()).verdict.kind;
    };
    CHECK(verdict(79, 79.5) == Outcome::reproduced);
    CHECK(verdict(80.4, 79) == Outcome::inconclusive);
    CHECK(verdict(82, 79) == Outcome::not_reproduced);
}
