#include "experiments/aqt/methods.hpp"

#include <doctest/doctest.h>

#include "experiments/aqt/tables.hpp"
#include "experiments/reports/comparison.hpp"
#include "synthetic.hpp"

using namespace nibble;
using test::Synthetic;

TEST_CASE("curves have the plain methods") {
    for (const char* method : {"bf16", "w8a8", "w4a4e8", "w4a4"}) CHECK(aqt::on_curve(method));
    for (const char* method : {"w4a4f8", "w4a4e8-pt", "w4e8", "w8", "w4a4e8-fixed6", "w2e8-hs"})
        CHECK_FALSE(aqt::on_curve(method));
}

TEST_CASE("an ablation's base has one setting put back") {
    const std::vector<std::string> known{"bf16", "w8a8", "w4a4e8", "w4a4", "w2e8", "w4e8"};
    const auto base = [&](const std::string& method) { return aqt::base_of(method, known).value_or("none"); };
    for (const char* method : {"w4a4e8-pt", "w4a4e8-abs", "w4a4e8-mix50", "w4a4e8-fixed6", "w4a4e8-start50"})
        CHECK(base(method) == "w4a4e8");
    CHECK(base("w4a4") == "w4a4e8");
    CHECK(base("w4a4f8") == "w4a4e8");
    CHECK(base("w4a4-pt") == "w4a4");
    CHECK(base("w4e8") == "bf16");
    CHECK(base("w8") == "bf16");
    CHECK(base("w2e8-hs") == "w2e8");
    CHECK(base("w1e8-hs") == "bf16");  // there is no w1e8
    for (const char* method : {"bf16", "w8a8", "w4a4e8"}) CHECK(base(method) == "none");
    CHECK(aqt::base_of("w4a4e8-pt", {}) == "w4a4e8");
}

TEST_CASE("what an ablation changes, in words") {
    CHECK(aqt::difference_of("w4a4e8-pt") == "one bound per tensor");
    CHECK(aqt::difference_of("w4a4e8-fixed6") ==
          "bounds fixed at 6; activations quantized from the first step on");
    CHECK(aqt::difference_of("w4a4e8-start50") == "activations quantized from 50 % of training on");
    CHECK(aqt::difference_of("w2e8-hs") == "half shift; only weights quantized, to 2 bits");
    CHECK(aqt::difference_of("w4a4f8") == "8 bits in the first layer, not in the last");
    CHECK(aqt::difference_of("w4a4") == "first and last layer no wider than the others");
}

TEST_CASE("estimates: means over seeds first, their spread pooled over networks and methods") {
    Synthetic s({"resnet8", "resnet14", "resnet20"}, {"bf16", "w8a8"}, 3);
    s.set("resnet8", "bf16", {80, 82}).set("resnet8", "w8a8", {81, 82, 83});
    s.set("resnet14", "bf16", {85}).set("resnet14", "w8a8", {86, 86, 86});
    const ResultTable table = s.table();
    // Squares around the means: 2, 2, 0; degrees of freedom 1 + 2 + 2.
    const EstimateOf estimate = pooled(table);
    const Estimate e = *estimate(difference("resnet8", "w8a8", "bf16"));
    CHECK(e.mean == 1);
    CHECK(e.variance->value == doctest::Approx(4.0 / 5 * (1.0 / 2 + 1.0 / 3)));
    CHECK(e.variance->degrees == 5);
    CHECK(e.note.empty());
    CHECK(estimate(difference("resnet14", "w8a8", "bf16"))->note == "one seed");
    // A cell that stands in two terms counts with their sum.
    const Estimate twice = *estimate({{"resnet8", "w8a8", 0.5}, {"resnet8", "w8a8", 0.5}});
    CHECK(twice.variance->value == doctest::Approx(4.0 / 5 / 3));
    CHECK_FALSE(estimate(difference("resnet20", "w8a8", "bf16")));
    const Figure both = compared(table, estimate, "w8a8", "bf16", 0);
    REQUIRE(both.members.size() == 2);
    CHECK(both.estimate->mean == 1);
    CHECK(both.estimate->variance->value == doctest::Approx(4.0 / 5 / 4 * (1.0 / 2 + 1.0 / 3 + 1 + 1.0 / 3)));

    CHECK(aqt::reference_of(table) == "resnet14");
    Synthetic quantized = s;
    CHECK(aqt::reference_of(quantized.set("resnet20", "w8a8", {90}).table()) == "resnet14");
    CHECK(aqt::reference_of(Synthetic({"resnet8"}, {"bf16"}).table()).empty());
    Synthetic single({"resnet8"}, {"bf16", "w8a8"});
    single.set("resnet8", "bf16", {80}).set("resnet8", "w8a8", {85});
    const ResultTable one_each = single.table();
    CHECK_FALSE(pooled(one_each)(difference("resnet8", "w8a8", "bf16"))->variance);
}

TEST_CASE("tables: figures with intervals, costs relative to the same network in bf16, dashes") {
    Synthetic s({"resnet8"}, {"bf16", "w4a4e8", "w4a4", "w4a4e8-pt"}, 2);
    s.set("resnet8", "bf16", {80, 82}, 91).set("resnet8", "w4a4e8", {79, 80}).set("resnet8", "w4a4", {70});
    const ResultTable table = s.table();
    const Table methods = aqt::method_table(table);
    REQUIRE(methods.rows.size() == 4);
    CHECK(methods.rows[0] == std::vector<std::string>{"resnet8", "bf16", "2", "81.00 ± 12.71",
                                                      "81.00 ± 12.71", "91.00 ± 0.00", "10.00 ± 12.71",
                                                      "1.0000", "1.0000"});
    CHECK(methods.rows[1][7] == "0.2525");
    CHECK(methods.rows[1][8] == "0.0644");
    CHECK(methods.rows[2] == std::vector<std::string>{"resnet8", "w4a4", "1", "70.00", "70.00", "95.00",
                                                      "25.00", "0.2500", "0.0625"});
    CHECK(methods.rows[3] ==
          std::vector<std::string>{"resnet8", "w4a4e8-pt", "–", "–", "–", "–", "–", "–", "–"});

    const Table ablations = aqt::ablation_table(table);
    REQUIRE(ablations.rows.size() == 2);
    CHECK(ablations.rows[0] ==
          std::vector<std::string>{"resnet8", "w4a4", "first and last layer no wider than the others",
                                   "w4a4e8", "1", "70.00", "79.50 ± 6.35", "-9.00", "-9.00"});
    CHECK(ablations.rows[1] == std::vector<std::string>{"resnet8", "w4a4e8-pt", "one bound per tensor",
                                                        "w4a4e8", "–", "–", "79.50 ± 6.35", "–", "–"});
    const std::string csv = aqt::full_cell_table(s.reported()).csv();
    CHECK(csv.find(",80,11,16000000,256000000,0\n") != std::string::npos);
}
