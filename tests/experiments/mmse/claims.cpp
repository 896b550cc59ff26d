#include "experiments/mmse/claims.hpp"

#include <doctest/doctest.h>

#include "synthetic.hpp"

using namespace nibble;
using Synthetic = test::MmseCells;
using Outcome = Verdict::Kind;

namespace {
const std::vector<std::string> kMethods{"f32",
                                        "w4e8",
                                        "w4e8-pt",
                                        "w4e8-wmaxabs",
                                        "w4e8-pt-wmaxabs",
                                        "w4e8-wmaxabsfull",
                                        "w4e8-pt-wmaxabsfull",
                                        "w3a8e8-wmaxabsfull",
                                        "w4a8e8-wmaxabsfull",
                                        "w4e8-refined-cal16",
                                        "w4e8-refined-cal64",
                                        "w4e8-refined-cal1024",
                                        "w3a8e8-bc",
                                        "w3a8e8-wmaxabs-bc",
                                        "w3a8e8-unbiased",
                                        "w3a8e8-unbiased-bc",
                                        "w4e8-dual10",
                                        "w4e8-refined",
                                        "w4a8e8-walternating",
                                        "w4a8e8-wgrid",
                                        "w3a8e8",
                                        "w3a8e8-wmaxabs",
                                        "w4a8e8",
                                        "w4a8e8-wmaxabs",
                                        "w8a8",
                                        "a4e8",
                                        "w4a4e8-cal64",
                                        "w4a4e8-cal1024"};

/// Everything as the paper has it.
Synthetic as_claimed() {
    Synthetic s({"net"}, kMethods, 3);
    s.set("net", "f32", {90}).set("net", "w4e8", {88.9}, 0.01).set("net", "w4e8-pt", {86});
    s.set("net", "w4e8-wmaxabs", {88})
        .set("net", "w4e8-pt-wmaxabs", {84.5})
        .set("net", "w4e8-dual10", {89.8})
        .set("net", "w4e8-refined", {89.3, 89.4, 89.3});
    s.set("net", "w4a8e8-walternating", {88.5, 88.5, 88.5}, 0.0102)
        .set("net", "w4a8e8-wgrid", {88.9, 88.9, 88.9}, 0.010001);
    s.set("net", "w3a8e8", {80, 80, 80}).set("net", "w3a8e8-wmaxabs", {70, 70, 70});
    s.set("net", "w4a8e8", {88.9, 88.9, 88.9}, 0.01).set("net", "w4a8e8-wmaxabs", {88, 88, 88});
    for (const char* base :
         {"w4e8", "w4e8-pt", "w3a8e8", "w4a8e8"})  // the other max-abs rule is a little worse
        for (const ReportedCell& c : s.reported())
            if (c.cell.method == std::string(base) + "-wmaxabs" && c.result) {
                const double top1 = c.result->eval.top1 - 0.5;
                s.set("net", std::string(base) + "-wmaxabsfull", {top1, top1, top1});
                break;
            }
    s.set("net", "w3a8e8-wmaxabsfull", {69, 69, 69});
    for (const char* images : {"16", "64", "1024"})
        s.set("net", std::string("w4e8-refined-cal") + images, {89.3, 89.4, 89.3});
    s.set("net", "w3a8e8-bc", {79, 79, 79}).set("net", "w3a8e8-wmaxabs-bc", {71, 71, 71});
    s.set("net", "w3a8e8-unbiased", {81, 81, 81}).set("net", "w3a8e8-unbiased-bc", {88, 88, 88});
    s.set("net", "w8a8", {89.9, 89.95, 89.9}).set("net", "a4e8", {85, 85, 85});
    s.set("net", "w4a4e8-cal64", {84, 84.1, 84}).set("net", "w4a4e8-cal1024", {84, 84, 84.1});
    return s;
}

Outcome verdict(const Claim& claim) {
    return claim.verdict.kind;
}
}  // namespace

TEST_CASE("claims that hold are reproduced") {
    const ResultTable table = as_claimed().table();
    for (const Claim& claim : mmse::claims(table)) {
        CAPTURE(claim.id);
        CAPTURE(to_string(claim.verdict));
        const bool attempted = claim.id != "mmse-8" && claim.id != "mmse-9";
        CHECK((verdict(claim) == Outcome::reproduced) == attempted);
        CHECK((verdict(claim) == Outcome::not_attempted) == !attempted);
        CHECK(!claim.measure.empty());
        CHECK(claim.command.empty() == (claim.id == "mmse-9"));
    }
}

TEST_CASE("each claim can fail") {
    const auto fails = [](Claim (*claim)(const ResultTable&), Synthetic s) {
        CHECK(verdict(claim(s.table())) == Outcome::not_reproduced);
    };
    fails(mmse::four_bits_without_training, as_claimed().set("net", "w4e8-refined", {85, 85.1, 85}));
    fails(mmse::refinement_helps, as_claimed().set("net", "w4e8-refined", {88.5, 88.6, 88.5}));
    fails(mmse::mmse_beats_max_abs, as_claimed().set("net", "w4e8-wmaxabs", {89.5}));
    fails(mmse::mmse_beats_max_abs, as_claimed().set("net", "w3a8e8", {70, 70, 70}));
    fails(mmse::mmse_beats_max_abs, as_claimed().set("net", "w4e8-wmaxabsfull", {89.5}));
    fails(mmse::channel_scales_matter_more, as_claimed().set("net", "w4e8-pt", {89.5}));
    fails(mmse::channel_scales_matter_more, as_claimed().set("net", "w4e8-wmaxabs", {84}));
    fails(mmse::refinement_helps, as_claimed().set("net", "w4e8-refined-cal16", {88, 88.1, 88}));
    fails(mmse::unbiased_scales_help, as_claimed().set("net", "w3a8e8-bc", {89, 89, 89}));
    fails(mmse::alternating_gets_stuck,
          as_claimed().set("net", "w4a8e8-walternating", {88, 88, 88}, 0.01001));
    fails(mmse::alternating_gets_stuck, as_claimed().set("net", "w4a8e8-wgrid", {88, 88, 88}, 0.0101));
    fails(mmse::few_duals_suffice, as_claimed().set("net", "w4e8-dual10", {88.9}));
    fails(mmse::small_sets_suffice, as_claimed().set("net", "w4a4e8-cal64", {80, 80.1, 80}));
    fails(mmse::activations_are_more_sensitive, as_claimed().set("net", "a4e8", {89.5, 89.5, 89.5}));
    fails(mmse::eight_bits_are_enough, as_claimed().set("net", "w8a8", {89.1, 89.2, 89.1}));
}

TEST_CASE("5: more than half of the loss, with an interval where almost nothing was lost") {
    const auto kind = [](double single, double dual) {
        return verdict(mmse::few_duals_suffice(
            as_claimed().set("net", "w4e8", {single}).set("net", "w4e8-dual10", {dual}).table()));
    };
    CHECK(kind(80, 86) == Outcome::reproduced);
    CHECK(kind(80, 84) == Outcome::not_reproduced);
    CHECK(kind(89.96, 89.98) == Outcome::inconclusive);
}

TEST_CASE("8: the paper's networks, where the grid has them") {
    const auto claim = [](double resnet18, double resnet50, std::size_t draws = 3) {
        Synthetic s({"resnet18-imagenet", "resnet50-imagenet"}, {"f32", "w4e8-refined"}, draws);
        for (const auto& [network, top1] :
             {std::pair("resnet18-imagenet", resnet18), std::pair("resnet50-imagenet", resnet50)})
            s.set(network, "w4e8-refined", {top1, top1 + 0.01, top1 - 0.01});
        return mmse::papers_figures(s.table());
    };
    CHECK(verdict(claim(68, 76)) == Outcome::reproduced);
    CHECK(verdict(claim(68, 73)) == Outcome::not_reproduced);
    CHECK(claim(68, 73).verdict.why == "w4e8-refined on resnet50-imagenet - 74.67");
    CHECK(to_string(claim(68, 76, 5).verdict) == "inconclusive: 4 of 10 cells are missing");
}

TEST_CASE("a single draw on one side counts beside each of the other's") {
    Synthetic s({"net"}, kMethods, 3);
    s.set("net", "w3a8e8", {80, 81, 82}).set("net", "w3a8e8-wmaxabs", {70, 71, 72});
    std::vector<ReportedCell> cells =
        s.set("net", "w4a8e8", {88}).set("net", "w4a8e8-wmaxabs", {85}).reported();
    std::erase_if(cells, [](const ReportedCell& c) {
        return (c.cell.method == "w4a8e8" || c.cell.method == "w4a8e8-wmaxabs") && c.cell.seed > 0;
    });
    const std::string ours = mmse::mmse_beats_max_abs(ResultTable("quick", cells)).ours;
    CHECK(ours.find("(w3a8e8 - w3a8e8-wmaxabs) - (w4a8e8 - w4a8e8-wmaxabs) +7.00 ± ") != std::string::npos);
}

TEST_CASE("what is close is inconclusive, what has no cells was not attempted") {
    CHECK(verdict(mmse::refinement_helps(as_claimed().set("net", "w4e8", {89.3}).table())) ==
          Outcome::inconclusive);
    const ResultTable none = Synthetic({"net"}, kMethods).table();
    for (const Claim& claim : mmse::claims(none)) CHECK(verdict(claim) == Outcome::not_attempted);
}

TEST_CASE("every network has to agree") {
    Synthetic s({"net", "other"}, {"f32", "w8a8"}, 2);
    s.set("net", "f32", {90}).set("net", "w8a8", {90, 90.01});
    CHECK(verdict(mmse::eight_bits_are_enough(s.table())) == Outcome::inconclusive);  // one has no result
    s.set("other", "f32", {90}).set("other", "w8a8", {80, 80.01});
    const Claim claim = mmse::eight_bits_are_enough(s.table());
    CHECK(verdict(claim) == Outcome::not_reproduced);
    CHECK(claim.verdict.why == "w8a8 - f32");
}
