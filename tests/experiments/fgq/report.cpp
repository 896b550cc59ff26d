#include "experiments/fgq/report.hpp"

#include <doctest/doctest.h>

#include "experiments/fgq/curves.hpp"
#include "experiments/fgq/tables.hpp"
#include "synthetic.hpp"

using namespace nibble;
using test::Ternary;

namespace {
Ternary example() {
    Ternary t({"resnet20", "resnet56"}, {"f32", "g4", "g4a4", "g64a8-ft", "w4a8"}, {"g4a8", "g64a8"});
    t.set("resnet20", "f32", {92})
        .set("resnet20", "g4a8", {85, 86, 87},
             {{"weight_error", 0.0998},
              {"density", 0.613},
              {"multiplications", 1000},
              {"multiplications_left", 258}});
    t.set("resnet20", "g64a8", {78}).set("resnet20", "g64a8-ft", {89}).set("resnet20", "g4", {86});
    return t;
}
}  // namespace

TEST_CASE("fgq tables: the paper's form, groups, weights, multiplications; dashes where nothing is") {
    const ResultTable s = example().table();
    const std::string paper = fgq::paper_table(s).markdown();
    CHECK(paper.find("| resnet20 | 92.00 | 86.00 ± 2.48 | -6.00 ± 2.48 | – | – | 78.00 | 89.00 |") !=
          std::string::npos);
    CHECK(paper.find("| resnet56 | – | – |") != std::string::npos);
    CHECK(fgq::group_table(s).markdown().find("| resnet20 | 4 | 4.09 | 86.00 | 86.00 ± 2.48 | 3 |") !=
          std::string::npos);
    CHECK(fgq::weight_table(s).markdown().find(
              "| 4 | 10.06 | 9.56 | 9.98 | – | 63.10 | 54.30 | 61.30 | – |") != std::string::npos);
    CHECK(fgq::multiplication_table(s).markdown().find("| 4 | 75.00 | 74.20 | – | 72.84 | 73.87 | 9.14 |") !=
          std::string::npos);
    CHECK(fgq::storage_table(s).rows.size() == 6);
    CHECK(fgq::tuning_table(s).rows.size() == 2);
}

TEST_CASE("fgq plots: means over the draws against N; float as a line across, fine-tuned as marks") {
    const ResultTable s = example().table();
    const Plot plot = fgq::group_plot("t", s, "resnet20");
    // The float network; a line and marks each for float activations and 8 bits; fine-tuned.
    REQUIRE(plot.curves.size() == 6);
    CHECK(plot.curves[0].dashed);
    CHECK(plot.curves[3].label.empty());
    CHECK(plot.curves[4].form == Curve::Form::marks);
    for (int c : {3, 4})
        CHECK(plot.curves[c].points == std::vector<std::pair<double, double>>{{4, 86}, {64, 78}});
    CHECK(plot.curves[5].form == Curve::Form::marks);
    CHECK(plot.curves[5].points == std::vector<std::pair<double, double>>{{64, 89}});
    CHECK(fgq::drop_plot("t", s).curves.front().points.front().second == doctest::Approx(6));
    CHECK(fgq::weight_plot("t", s).curves.size() == 4);  // beside both densities
    CHECK(fgq::group_plot("t", s, "resnet56").curves.empty());
}

TEST_CASE("fgq report: files, plots and claims, the same every time") {
    const Grid grid{"fgq", "Ternary weights", {}};
    const Report report = fgq::report("quick", grid, example().reported());
    for (const char* end : {".md", ".csv", ".tex", "-groups.csv", "-groups.tex", "-weights.csv",
                            "-ablations.csv", "-storage.tex", "-tuning.csv", "-claims.md", "-claims.csv"})
        CHECK_MESSAGE(report.files.contains(end), end);
    CHECK(report.plots.contains("-resnet20"));
    CHECK_FALSE(report.plots.contains("-resnet56"));
    CHECK(report.files.at(".md").find("| fgq-8 |") != std::string::npos);
    CHECK(report.files.at(".md").find("![") != std::string::npos);
    CHECK(report.files.at(".csv").find("multiplications_left") != std::string::npos);
    CHECK(report.files == fgq::report("quick", grid, example().reported()).files);
}
