#include "experiments/fgq/claims.hpp"

#include <doctest/doctest.h>

#include "synthetic.hpp"

using namespace nibble;
using test::Ternary;

namespace {
Ternary two_networks() {
    return Ternary({"resnet20", "resnet56"},
                   {"f32", "g2a8", "g8a8", "g16a8", "g32a8", "g4a4", "g4a8-twn", "g64a8-twn", "g4a8-t",
                    "g4a8-oldbn", "g64a8-oldbn", "w4a8", "g64a8-ft"},
                   {"g4a8", "g64a8"});
}
}  // namespace

TEST_CASE("fgq claims: without cells none is attempted; ids are in order") {
    const auto all = fgq::claims(two_networks().study());
    REQUIRE(all.size() == 12);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].id == "fgq-" + std::to_string(i + 1));
        CHECK(all[i].verdict.kind == Verdict::Kind::not_attempted);
        CHECK_FALSE(all[i].measure.empty());
    }
}

TEST_CASE("fgq-1: the deepest network loses less than the paper's largest figure") {
    Ternary t = two_networks();
    t.set("resnet20", "f32", {90}).set("resnet20", "g4a8", {80, 80.1, 79.9});
    t.set("resnet56", "f32", {93});
    t.set("resnet56", "g4a8", {90, 90.1, 89.9});
    const Claim claim = fgq::groups_of_four_without_training(t.study());
    CHECK(claim.verdict.kind == Verdict::Kind::reproduced);
    CHECK(claim.ours.find("(resnet20 10.00") != std::string::npos);
    t.set("resnet56", "g4a8", {88, 88.1, 87.9});
    CHECK(fgq::groups_of_four_without_training(t.study()).verdict.kind == Verdict::Kind::not_reproduced);
    t.set("resnet56", "g4a8", {88.9, 88.5, 89.3});
    CHECK(fgq::groups_of_four_without_training(t.study()).verdict.kind == Verdict::Kind::inconclusive);
}

TEST_CASE("fgq-2, 9, 10, 11, 12: differences on every network") {
    Ternary t = two_networks();
    for (const char* network : {"resnet20", "resnet56"}) {
        t.set(network, "g4a8", {88, 88, 88}).set(network, "g64a8", {80, 80, 80});
        t.set(network, "g4a4", {86}).set(network, "g4a8-oldbn", {60}).set(network, "g64a8-oldbn", {12});
        t.set(network, "g4a8-twn", {86}).set(network, "g64a8-twn", {79.5});
        t.set(network, "g4a8-t", {87}).set(network, "w4a8", {91});
    }
    const auto verdicts = [&] {
        const Study study = t.study();
        return std::vector<Verdict::Kind>{
            fgq::four_bit_activations(study).verdict.kind, fgq::batch_norm_is_essential(study).verdict.kind,
            fgq::optimum_beats_twn(study).verdict.kind, fgq::first_layer_needs_bits(study).verdict.kind,
            fgq::integers_at_equal_storage(study).verdict.kind};
    };
    CHECK(verdicts() == std::vector<Verdict::Kind>(5, Verdict::Kind::reproduced));
    t.set("resnet56", "g4a4", {80}).set("resnet56", "g4a8-oldbn", {88}).set("resnet56", "g64a8-twn", {70});
    t.set("resnet56", "g4a8-t", {89}).set("resnet56", "w4a8", {85});
    CHECK(verdicts() == std::vector<Verdict::Kind>(5, Verdict::Kind::not_reproduced));
}

TEST_CASE("fgq-3: the deeper the network, the smaller its loss") {
    Ternary t = two_networks();
    t.set("resnet20", "f32", {91}).set("resnet20", "g4a8", {85, 85, 85});
    t.set("resnet56", "f32", {93}).set("resnet56", "g4a8", {89, 89, 89});
    const Claim claim = fgq::depth_tolerates(t.study());
    CHECK(claim.verdict.kind == Verdict::Kind::reproduced);
    CHECK(claim.ours.find("+2.00") != std::string::npos);
    t.set("resnet56", "g4a8", {80, 80, 80});
    CHECK(fgq::depth_tolerates(t.study()).verdict.kind == Verdict::Kind::not_reproduced);
    Ternary alone({"resnet20"}, {"f32", "g4a8"});
    alone.set("resnet20", "f32", {91}).set("resnet20", "g4a8", {85});
    CHECK(fgq::depth_tolerates(alone.study()).verdict.why == "one network alone");
}

TEST_CASE("fgq-4: every doubling loses, and 64 loses much") {
    Ternary t = two_networks();
    for (const char* network : {"resnet20", "resnet56"}) {
        t.set(network, "f32", {93}).set(network, "g2a8", {91}).set(network, "g4a8", {89, 89, 89});
        t.set(network, "g8a8", {87}).set(network, "g16a8", {85}).set(network, "g32a8", {83});
        t.set(network, "g64a8", {81, 81, 81});
    }
    CHECK(fgq::accuracy_falls_with_groups(t.study()).verdict.kind == Verdict::Kind::reproduced);
    t.set("resnet20", "g32a8", {86});
    const Verdict verdict = fgq::accuracy_falls_with_groups(t.study()).verdict;
    CHECK(verdict.kind == Verdict::Kind::not_reproduced);
    CHECK(verdict.why == "g16a8 - g32a8 on resnet20");
}

TEST_CASE("fgq-4: a step that denies is not hidden by a lower one that decides nothing") {
    Ternary t({"resnet20"}, {"f32"}, {"g2a8", "g4a8", "g8a8", "g16a8", "g32a8", "g64a8"});
    t.set("resnet20", "f32", {93}).set("resnet20", "g2a8", {88, 88, 88});
    t.set("resnet20", "g4a8", {89, 89.1, 88.9}).set("resnet20", "g8a8", {91, 85, 97});
    t.set("resnet20", "g16a8", {70, 70, 70}).set("resnet20", "g32a8", {65, 65, 65});
    t.set("resnet20", "g64a8", {60, 60, 60});
    const Verdict verdict = fgq::accuracy_falls_with_groups(t.study()).verdict;
    CHECK(verdict.kind == Verdict::Kind::not_reproduced);
    CHECK(verdict.why == "g2a8 - g4a8 on resnet20");
}

TEST_CASE("fgq-5: fine-tuned networks are within 4 points; networks without cells leave it open") {
    Ternary t = two_networks();
    t.set("resnet20", "f32", {91}).set("resnet20", "g64a8-ft", {89});
    CHECK(fgq::fine_tuning_recovers(t.study()).verdict.kind == Verdict::Kind::inconclusive);
    t.set("resnet56", "f32", {93}).set("resnet56", "g64a8-ft", {91});
    CHECK(fgq::fine_tuning_recovers(t.study()).verdict.kind == Verdict::Kind::reproduced);
    t.set("resnet56", "g64a8-ft", {85});
    CHECK(fgq::fine_tuning_recovers(t.study()).verdict.kind == Verdict::Kind::not_reproduced);
}

TEST_CASE("fgq-6, 8: counts") {
    Ternary t({"resnet56"}, {}, {"g4a8", "g64a8"});
    const auto facts = [](double left, double helped) {
        return std::map<std::string, double>{{"multiplications", 1000},
                                             {"multiplications_left", left},
                                             {"groups", 100},
                                             {"groups_helped_by_two_thresholds", helped}};
    };
    t.set("resnet56", "g4a8", {89, 89, 89}, facts(253, 0))
        .set("resnet56", "g64a8", {85, 85, 85}, facts(16, 0));
    CHECK(fgq::multiplications_go(t.study()).verdict.kind == Verdict::Kind::reproduced);
    const Claim none = fgq::two_thresholds_help(t.study());
    CHECK(none.verdict.kind == Verdict::Kind::not_reproduced);
    CHECK(none.ours.find("(0 of 200 groups)") != std::string::npos);
    t.set("resnet56", "g64a8", {85, 85, 85}, facts(41, 3));
    CHECK(fgq::multiplications_go(t.study()).verdict.kind == Verdict::Kind::not_reproduced);
    CHECK(fgq::two_thresholds_help(t.study()).verdict.kind == Verdict::Kind::reproduced);
}
