#include "experiments/aqt/claims.hpp"

#include <doctest/doctest.h>

#include "engine/core/rng.hpp"
#include "synthetic.hpp"

using namespace nibble;
using test::kCurves;
using test::Synthetic;

namespace {
using Outcome = Verdict::Kind;
using Networks = std::vector<std::string>;

/// Three networks with one accuracy a method each, the same for both seeds but for a little.
Synthetic example(const std::vector<double>& bf16, const std::vector<double>& w8a8,
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
    const auto claims = aqt::claims(Synthetic({"resnet8"}, kCurves).table());
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
        CHECK(c.source != Source::ours);
        CHECK(has(c.command, "nibble verify $(nibble cells aqt --profile quick | grep"));
    }
    CHECK(has(claims[7].command, "'--(w4a4e8|w4a4)--'"));
}

TEST_CASE("1: every bf16 network beaten by one that costs less, one not beaten, and a curve that ends") {
    const auto verdict = [](const Synthetic& s) { return aqt::quantized_dominates_bf16(s.table()); };
    // Linear costs: bf16 1 2 4, w8a8 0.5 1 2, w4a4e8 0.25 0.5 1: what costs less than resnet8 in bf16 is resnet8 in
    // w8a8 and resnet14 in w4a4e8.
    const Claim yes = verdict(example({80, 83, 85}, {81, 86, 88}, {70, 86, 87.5}));
    CHECK(yes.verdict.kind == Outcome::reproduced);
    CHECK(has(yes.ours,
              "w8a8 - bf16 (linear cost) +2.33 ± 0.01 points (resnet8 +1.00, resnet14 +3.00, resnet20 "
              "+3.00)"));
    CHECK(has(yes.ours, "w4a4e8 - bf16 (linear cost) +4.33"));
    const Claim no = verdict(example({82, 83, 85}, {81, 86, 88}, {70, 86, 87.5}));
    CHECK(no.verdict.kind == Outcome::not_reproduced);
    CHECK(no.verdict.why ==
          "w8a8 - bf16 (linear cost)");  // quadratic: w8a8 of twice the size costs half as much
    // A network that is worse and costs more than another of its method does not stand for it.
    CHECK(
        has(verdict(example({80, 83, 85}, {84, 80, 88}, {70, 86, 87.5})).ours,
            "w8a8 - bf16 (linear cost) +2.67 ± 0.01 points (resnet8 +4.00, resnet14 +1.00, resnet20 +3.00)"));
    // The most accurate bf16 network is beyond both curves: a larger network of theirs might beat it at less cost.
    const Claim ends = verdict(example({80, 83, 89}, {81, 86, 88}, {70, 86, 87.5}));
    CHECK(ends.verdict.kind == Outcome::inconclusive);
    CHECK(has(ends.verdict.why, "the curve of w8a8 ends at resnet20, 50 % of the cost in question"));
    Synthetic close({"resnet8"}, kCurves, 2);
    close.set("resnet8", "bf16", {80, 80.4})
        .set("resnet8", "w8a8", {81, 81.4})
        .set("resnet8", "w4a4e8", {80, 80.6});
    CHECK(verdict(close).verdict.kind == Outcome::inconclusive);
}

TEST_CASE("each method has its own networks") {
    Synthetic s({"resnet8", "resnet14"}, {}, 1);
    for (const auto& [network, method] : {std::pair{"resnet8", "bf16"},
                                          {"resnet8", "w8a8"},
                                          {"resnet14", "w8a8"},
                                          {"resnet8", "w4a4e8"},
                                          {"resnet14", "w4a4e8"}})
        s.add(network, method, 2);
    s.set("resnet8", "bf16", {80, 80.01});
    s.set("resnet8", "w8a8", {81, 81.01}).set("resnet8", "w4a4e8", {81, 81.01});
    CHECK(to_string(aqt::quantized_dominates_bf16(s.table()).verdict) ==
          "inconclusive: 3 of 5 networks and methods have results");
    s.set("resnet14", "w8a8", {85, 85.01}).set("resnet14", "w4a4e8", {84, 84.01});
    CHECK(aqt::quantized_dominates_bf16(s.table()).verdict.kind == Outcome::reproduced);
}

TEST_CASE("2: the curve of mostly 4 bits above the others, below, and out of their reach") {
    const auto verdict = [](const Synthetic& s) { return aqt::mostly_4_bit_is_best(s.table()); };
    const Claim yes = verdict(example({70, 75, 78}, {75, 80, 83}, {79, 82, 86}));
    CHECK(yes.verdict.kind == Outcome::reproduced);
    // w8a8 of resnet8 costs 8 (million products times bits), w4a4e8 of resnet14 8.08: nearly its 82.
    CHECK(has(yes.ours, "w4a4e8 over w8a8 (linear cost) +5.30 ± 0.01 points (resnet8 +6.96,"));
    const Claim no = verdict(example({70, 75, 78}, {85, 88, 90}, {79, 82, 86}));
    CHECK(no.verdict.kind == Outcome::not_reproduced);
    CHECK(has(no.verdict.why, "w4a4e8 over w8a8 (linear cost)"));
    // More accurate than any w4a4e8 network, but beyond the end of its curve.
    const Claim ends = verdict(example({70, 75, 99}, {75, 80, 99}, {79, 82, 86}));
    CHECK(ends.verdict.kind == Outcome::inconclusive);
    CHECK(has(ends.verdict.why, "the curve of w4a4e8 ends at resnet20, 25 % of the cost in question"));
    // Below the beginning of its curve nothing can be compared.
    Synthetic apart({"resnet8", "resnet14"}, {}, 1);
    apart.add("resnet8", "bf16", 2);
    apart.add("resnet8", "w8a8", 2);
    apart.add("resnet14", "w4a4e8", 2);
    apart.set("resnet8", "bf16", {70, 70.01})
        .set("resnet8", "w8a8", {72, 72.01})
        .set("resnet14", "w4a4e8", {90, 90.01});
    CHECK(to_string(verdict(apart).verdict) ==
          "inconclusive: w4a4e8 over w8a8 (linear cost): no cost in common");
}

TEST_CASE("a point that its own curve passes above is not compared") {
    // resnet14 in w8a8 is worse than resnet8 at more cost: not on the front.
    const Claim claim = aqt::mostly_4_bit_is_best(example({70, 75, 78}, {75, 60, 83}, {79, 82, 86}).table());
    CHECK(has(claim.ours, "over w8a8 (linear cost) +4.98 ± 0.01 points (resnet8 +6.96, resnet20 +3.00)"));
    CHECK(claim.verdict.kind == Outcome::reproduced);
}

TEST_CASE("nothing is decided until all networks have results") {
    const auto verdict = [](double w4a4e8) {
        Synthetic s({"resnet8", "resnet14"}, kCurves, 2);
        s.set("resnet8", "w4a4e8", {w4a4e8, w4a4e8}).set("resnet8", "w4a4", {80, 80.01});
        return to_string(aqt::narrow_ends_cost_accuracy(s.table()).verdict);
    };
    for (const double w4a4e8 : {85, 75})
        CHECK(verdict(w4a4e8) == "inconclusive: 2 of 4 networks and methods have results");
}

TEST_CASE("one seed everywhere: nothing is known of its spread") {
    Synthetic s({"resnet8"}, kCurves);
    s.set("resnet8", "w4a4e8", {85}).set("resnet8", "w4a4", {80});
    const Claim claim = aqt::narrow_ends_cost_accuracy(s.table());
    CHECK(claim.verdict.kind == Outcome::inconclusive);
    CHECK(has(claim.ours, "+5.00 ± ? points (one seed; resnet8 +5.00)"));
}

TEST_CASE("3: on the largest network that has all methods, trained long enough") {
    const auto of = [](double bf16, double w8a8, double w4a4e8, int epochs) {
        Synthetic s({"resnet8", "resnet20"}, kCurves, 2);
        s.train_for(epochs).set("resnet8", "bf16", {1, 1.01}).set("resnet8", "w8a8", {1, 1.01});
        s.set("resnet8", "w4a4e8", {1, 1.01}).set("resnet20", "bf16", {bf16, bf16 + 0.01});
        s.set("resnet20", "w8a8", {w8a8, w8a8 + 0.01}).set("resnet20", "w4a4e8", {w4a4e8, w4a4e8 + 0.01});
        return aqt::quantized_beats_float(s.table());
    };
    const Claim yes = of(87, 89, 88, 200);
    CHECK(yes.verdict.kind == Outcome::reproduced);
    CHECK(has(yes.ours, "resnet20, 200 epochs: w8a8 89.00"));
    CHECK(has(yes.paper, "77.43"));
    CHECK(of(87, 89, 86, 200).verdict.kind == Outcome::not_reproduced);
    CHECK(of(87, 87.5, 88, 200).verdict.kind == Outcome::not_reproduced);
    for (const double w4a4e8 : {86, 88})
        CHECK(to_string(of(87, 89, w4a4e8, 30).verdict) ==
              "inconclusive: 30 epochs are not long enough; about 200 would do");
    Synthetic s({"resnet50-imagenet", "resnet101-imagenet"}, kCurves);
    for (const char* network : {"resnet50-imagenet", "resnet101-imagenet"})
        s.train_for(250)
            .set(network, "bf16", {76.65})
            .set(network, "w8a8", {77.43})
            .set(network, "w4a4e8", {77.09});
    CHECK(has(aqt::quantized_beats_float(s.table()).ours,
              "resnet50-imagenet, 250 epochs: w8a8 77.43, w4a4e8 77.09, bf16 76.65 %"));
}

TEST_CASE("4: the gap on augmented images falls, rises; the others are shown") {
    const auto verdict = [](double bf16, double w8a8, double w4a4e8) {
        Synthetic s({"resnet8", "resnet14"}, kCurves, 2);
        for (const char* network : {"resnet8", "resnet14"}) {
            s.set(network, "bf16", {80, 80.1}, 80 + bf16).set(network, "w8a8", {80, 80.1}, 80 + w8a8);
            s.set(network, "w4a4e8", {80, 80.1}, 80 + w4a4e8);
        }
        return aqt::gap_falls_with_precision(s.table());
    };
    CHECK(verdict(9, 7, 4).verdict.kind == Outcome::reproduced);
    CHECK(has(verdict(9, 7, 4).ours, "augmented accuracy gap of bf16 - w8a8 +2.00"));
    CHECK(has(verdict(9, 7, 4).ours, "clean accuracy gap of w8a8 - w4a4e8 +3.00"));
    CHECK(has(verdict(9, 7, 4).ours, "loss gap of bf16 - w8a8 +0.00 nats"));
    CHECK(verdict(9, 8.99, 4).verdict.kind == Outcome::inconclusive);
    CHECK(verdict(9, 7, 8).verdict.kind == Outcome::not_reproduced);
}

TEST_CASE("5 and 8: what 8 bits in the first and last layer cost and bring") {
    const Synthetic better = example({1, 1, 1}, {1, 1, 1}, {80, 84, 88}, {79, 82, 85});
    const Claim cheap = aqt::wide_ends_are_cheap(better.table());
    CHECK(cheap.verdict.kind == Outcome::reproduced);
    CHECK(has(cheap.ours, "linear cost of w4a4e8 - w4a4 +0.25 % of bf16"));
    CHECK(has(cheap.ours, "quadratic cost of w4a4e8 - w4a4 +0.19 % of bf16"));
    CHECK(aqt::narrow_ends_cost_accuracy(better.table()).verdict.kind == Outcome::reproduced);
    const Synthetic worse = example({1, 1, 1}, {1, 1, 1}, {80, 81, 82}, {81, 82, 83});
    CHECK(aqt::wide_ends_are_cheap(worse.table()).verdict.kind == Outcome::not_reproduced);
    CHECK(aqt::narrow_ends_cost_accuracy(worse.table()).verdict.kind == Outcome::not_reproduced);
    // Better on the same network, but not at the same cost, where w4a4 rises steeply.
    const Synthetic steep = example({1, 1, 1}, {1, 1, 1}, {70.1, 80.1, 90.1}, {70, 80, 90});
    CHECK(aqt::narrow_ends_cost_accuracy(steep.table()).verdict.kind == Outcome::reproduced);
    CHECK(aqt::wide_ends_are_cheap(steep.table()).verdict.kind != Outcome::reproduced);
    Synthetic dear({"resnet8", "resnet14"}, kCurves, 2);
    for (const char* network : {"resnet8", "resnet14"})
        dear.set(network, "w4a4e8", {90, 90.1}).set(network, "w4a4", {78, 78.1});
    auto cells = dear.reported();
    for (ReportedCell& c : cells)
        if (c.result && c.cell.method == "w4a4e8") c.result->cost.linear += 16 * c.result->cost.macs / 40;
    const Claim claim = aqt::wide_ends_are_cheap(ResultTable("quick", cells));
    CHECK(to_string(claim.verdict) == "not reproduced: linear cost of w4a4e8 - w4a4");
}

TEST_CASE("6: bounds against a fixed one, and how much the moment of freezing matters") {
    const auto verdict = [](double fixed, double later) {
        Synthetic s({"resnet8"}, {"w4a4e8", "w4a4e8-fixed6", "w4a4e8-start50"}, 3);
        s.set("resnet8", "w4a4e8", {80, 80.2, 80.1})
            .set("resnet8", "w4a4e8-fixed6", {fixed, fixed + 0.2, fixed});
        s.set("resnet8", "w4a4e8-start50", {later, later + 0.2, later});
        return aqt::automatic_bounds_suffice(s.table()).verdict.kind;
    };
    CHECK(verdict(78, 80.1) == Outcome::reproduced);
    CHECK(verdict(78, 81) == Outcome::inconclusive);
    CHECK(verdict(78, 83) == Outcome::not_reproduced);
    CHECK(verdict(82, 80) == Outcome::not_reproduced);
}

TEST_CASE("7: the other rules of the bounds") {
    const auto verdict = [](double magnitude, double mix) {
        Synthetic s({"resnet8"}, {"w4a4e8", "w4a4e8-abs", "w4a4e8-mix50"}, 3);
        s.set("resnet8", "w4a4e8", {80, 80.2, 80.1});
        s.set("resnet8", "w4a4e8-abs", {magnitude, magnitude + 0.2, magnitude});
        s.set("resnet8", "w4a4e8-mix50", {mix, mix + 0.2, mix});
        return aqt::mean_of_maxima_is_no_worse(s.table()).verdict.kind;
    };
    CHECK(verdict(79, 79.5) == Outcome::reproduced);
    CHECK(verdict(80.6, 79) == Outcome::inconclusive);
    CHECK(verdict(82, 79) == Outcome::not_reproduced);
}

namespace {
struct Words {
    double reproduced = 0, not_reproduced = 0;  ///< shares of the draws
};

/// Four networks, results with a standard deviation of 0.3 around their true accuracies.
Words simulate(double lead, std::size_t seeds) {
    constexpr int kDraws = 2000;
    constexpr double kDeviation = 0.3;
    const Networks networks{"resnet8", "resnet14", "resnet20", "resnet32"};
    Random random(31, Purpose::test, 0, static_cast<std::uint32_t>(seeds));
    Words words;
    for (int draw = 0; draw < kDraws; ++draw) {
        Synthetic s(networks, {"w4a4e8", "w4a4"}, seeds);
        for (const std::string& network : networks)
            for (const auto& [method, accuracy] : {std::pair{"w4a4e8", 85 + lead}, {"w4a4", 85.0}}) {
                std::vector<double> top1;
                for (std::size_t seed = 0; seed < seeds; ++seed)
                    top1.push_back(accuracy + kDeviation * static_cast<double>(random.normal()));
                s.set(network, method, top1);
            }
        const Outcome kind = aqt::narrow_ends_cost_accuracy(s.table()).verdict.kind;
        words.reproduced += (kind == Outcome::reproduced) / static_cast<double>(kDraws);
        words.not_reproduced += (kind == Outcome::not_reproduced) / static_cast<double>(kDraws);
    }
    MESSAGE("lead ", lead, ", ", seeds, " seeds: reproduced ", words.reproduced, ", not reproduced ",
            words.not_reproduced);
    return words;
}
}  // namespace

TEST_CASE("verdicts are right as often as they should be") {
    const Words true_lead = simulate(0.6, 3), none = simulate(0, 3), small = simulate(0.1, 10);
    CHECK(true_lead.reproduced >= 0.5);
    CHECK(true_lead.not_reproduced < 0.02);
    CHECK(none.reproduced < 0.06);
    CHECK(none.not_reproduced < 0.06);
    CHECK(small.not_reproduced < 0.02);
}
