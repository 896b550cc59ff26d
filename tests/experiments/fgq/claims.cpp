#include "experiments/fgq/claims.hpp"

#include <doctest/doctest.h>

#include "synthetic.hpp"

using namespace nibble;
using test::Ternary;

namespace {
Ternary two_networks() {
    return Ternary({"resnet20", "resnet56"},
                   {"f32", "g2a8", "g8a8", "g16a8", "g32a8", "g4a4", "g4a4-emax", "g4a8-twn", "g64a8-twn",
                    "g4a8-t", "g4a8-oldbn", "g64a8-oldbn", "w4a8", "g64a8-ft"},
                   {"g4a8", "g64a8"});
}
}  // namespace

TEST_CASE("fgq claims: without cells none but what is counted by shape is attempted; ids are in order") {
    const auto all = fgq::claims(two_networks().table());
    const std::vector<std::string> ids{"1", "2", "3", "4a",  "4b",  "5",  "6",
                                       "7", "8", "9", "10a", "10b", "11", "12"};
    REQUIRE(all.size() == ids.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].id == "fgq-" + ids[i]);
        CHECK((all[i].verdict.kind == Verdict::Kind::not_attempted) == (ids[i] != "6"));
        CHECK_FALSE(all[i].measure.empty());
    }
}

TEST_CASE("fgq-1: the deepest network loses less than the paper's largest figure") {
    Ternary t = two_networks();
    t.set("resnet20", "f32", {90}).set("resnet20", "g4a8", {80, 80.1, 79.9});
    t.set("resnet56", "f32", {93});
    t.set("resnet56", "g4a8", {90, 90.1, 89.9});
    const Claim claim = fgq::groups_of_four_without_training(t.table());
    CHECK(claim.verdict.kind == Verdict::Kind::reproduced);
    CHECK(claim.ours.find("on the others +10.00") != std::string::npos);
    t.set("resnet56", "g4a8", {88, 88.1, 87.9});
    CHECK(fgq::groups_of_four_without_training(t.table()).verdict.kind == Verdict::Kind::not_reproduced);
    t.set("resnet56", "g4a8", {88.9, 88.5, 89.3});
    CHECK(fgq::groups_of_four_without_training(t.table()).verdict.kind == Verdict::Kind::inconclusive);
}

TEST_CASE("fgq-2, 9, 10a, 10b, 11, 12: differences on every network") {
    Ternary t = two_networks();
    for (const char* network : {"resnet20", "resnet56"}) {
        t.set(network, "g4a8", {88, 88, 88}).set(network, "g64a8", {80, 80, 80});
        t.set(network, "g4a4", {86})
            .set(network, "g4a4-emax", {80})
            .set(network, "g4a8-oldbn", {60})
            .set(network, "g64a8-oldbn", {12});
        t.set(network, "g4a8-twn", {86}).set(network, "g64a8-twn", {79.5});
        t.set(network, "g4a8-t", {87}).set(network, "w4a8", {91});
    }
    const auto verdicts = [&] {
        const ResultTable table = t.table();
        return std::vector<Verdict::Kind>{fgq::four_bit_activations(table).verdict.kind,
                                          fgq::batch_norm_is_essential(table).verdict.kind,
                                          fgq::optimum_beats_twn(table).verdict.kind,
                                          fgq::optimum_matters_in_small_groups(table).verdict.kind,
                                          fgq::first_layer_needs_bits(table).verdict.kind,
                                          fgq::integers_at_equal_storage(table).verdict.kind};
    };
    CHECK(verdicts() == std::vector<Verdict::Kind>(6, Verdict::Kind::reproduced));
    t.set("resnet56", "g4a4", {80}).set("resnet56", "g4a8-oldbn", {88}).set("resnet56", "g64a8-twn", {70});
    t.set("resnet56", "g4a8-twn", {89}).set("resnet56", "g4a8-t", {89}).set("resnet56", "w4a8", {85});
    CHECK(verdicts() == std::vector<Verdict::Kind>(6, Verdict::Kind::not_reproduced));
}

TEST_CASE("fgq-3: the deeper the network, the smaller its loss") {
    Ternary t = two_networks();
    t.set("resnet20", "f32", {91}).set("resnet20", "g4a8", {85, 85, 85});
    t.set("resnet56", "f32", {93}).set("resnet56", "g4a8", {89, 89, 89});
    const Claim claim = fgq::depth_tolerates(t.table());
    CHECK(claim.verdict.kind == Verdict::Kind::reproduced);
    CHECK(claim.ours.find("+2.00") != std::string::npos);
    t.set("resnet56", "g4a8", {80, 80, 80});
    CHECK(fgq::depth_tolerates(t.table()).verdict.kind == Verdict::Kind::not_reproduced);
    Ternary alone({"resnet20"}, {"f32", "g4a8"});
    alone.set("resnet20", "f32", {91}).set("resnet20", "g4a8", {85});
    CHECK(fgq::depth_tolerates(alone.table()).verdict.why == "no two networks of one family");
}

TEST_CASE("fgq-4a, 4b: every doubling loses; 64 loses much") {
    Ternary t = two_networks();
    for (const char* network : {"resnet20", "resnet56"}) {
        t.set(network, "f32", {93}).set(network, "g2a8", {91}).set(network, "g4a8", {89, 89, 89});
        t.set(network, "g8a8", {87}).set(network, "g16a8", {85}).set(network, "g32a8", {83});
        t.set(network, "g64a8", {81, 81, 81});
    }
    CHECK(fgq::accuracy_falls_with_groups(t.table()).verdict.kind == Verdict::Kind::reproduced);
    CHECK(fgq::large_groups_need_training(t.table()).verdict.kind == Verdict::Kind::reproduced);
    t.set("resnet20", "g32a8", {86}).set("resnet20", "g64a8", {91, 91, 91});
    const Verdict verdict = fgq::accuracy_falls_with_groups(t.table()).verdict;
    CHECK(verdict.kind == Verdict::Kind::not_reproduced);
    CHECK(verdict.why == "g16a8 - g32a8; g32a8 - g64a8");
    CHECK(fgq::large_groups_need_training(t.table()).verdict.kind == Verdict::Kind::not_reproduced);
}

TEST_CASE("fgq-5: fine-tuned networks are within 4 points; networks without cells leave it open") {
    Ternary t = two_networks();
    t.set("resnet20", "f32", {91}).set("resnet20", "g64a8-ft", {89});
    CHECK(fgq::fine_tuning_recovers(t.table()).verdict.kind == Verdict::Kind::inconclusive);
    t.set("resnet56", "f32", {93}).set("resnet56", "g64a8-ft", {91});
    CHECK(fgq::fine_tuning_recovers(t.table()).verdict.kind == Verdict::Kind::reproduced);
    t.set("resnet56", "g64a8-ft", {85});
    CHECK(fgq::fine_tuning_recovers(t.table()).verdict.kind == Verdict::Kind::not_reproduced);
}

TEST_CASE("fgq-6: by the shapes of the paper's networks") {
    const Claim claim = fgq::multiplications_go(two_networks().table());
    CHECK(claim.verdict.kind == Verdict::Kind::reproduced);
    CHECK(claim.ours.find("N = 4, ternary layers of resnet50-imagenet +75.00 %") != std::string::npos);
    CHECK(claim.ours.find("N = 64, ternary layers of resnet101-imagenet +98.44 %") != std::string::npos);
    CHECK(claim.ours.find("N = 4, all layers of resnet50-imagenet +72.8") != std::string::npos);
}

TEST_CASE("fgq-8: refuted by proof, and checked") {
    Ternary t({"resnet56"}, {}, {"g4a8", "g64a8"});
    const auto facts = [](double helped) {
        return std::map<std::string, double>{{"groups", 100}, {"groups_helped_by_two_thresholds", helped}};
    };
    t.set("resnet56", "g4a8", {89, 89, 89}, facts(0)).set("resnet56", "g64a8", {85, 85, 85}, facts(0));
    const Claim none = fgq::two_thresholds_help(t.table());
    CHECK(to_string(none.verdict) == "refuted by proof: where the scale is shared");
    CHECK(none.ours.find("(0 of 200 groups)") != std::string::npos);
    t.set("resnet56", "g64a8", {85, 85, 85}, facts(3));
    CHECK(fgq::two_thresholds_help(t.table()).verdict.kind == Verdict::Kind::reproduced);
}
