#include "experiments/aqt/report.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/aqt/curves.hpp"
#include "synthetic.hpp"
#include "tests/helpers/results.hpp"
#include "tests/helpers/scratch.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;
using test::kCurves;
using test::Synthetic;

namespace {
Synthetic example() {
    Synthetic s({"resnet8-w0.5", "resnet8-w1.0", "resnet14-w1.0"}, kCurves);
    double top1 = 80;
    for (const char* network : {"resnet8-w0.5", "resnet8-w1.0", "resnet14-w1.0"}) {
        top1 += 3;
        s.set(network, "bf16", {top1})
            .set(network, "w8a8", {top1 + 0.6})
            .set(network, "w4a4e8", {top1 - 0.5});
    }
    return s;
}

const Curve& named(const Plot& plot, const std::string& label) {
    for (const Curve& c : plot.curves)
        if (c.label == label) return c;
    throw Error("no curve " + label);
}
}  // namespace

TEST_CASE("cost plots: costs relative to the largest network in bf16, fronts, one form and colour a method") {
    const ResultTable table = example().table();
    const Plot plot = aqt::cost_plot("t", table, aqt::CostModel::linear);
    CHECK(plot.x_label.find("linear cost relative to resnet14-w1.0 in bf16") == 0);
    CHECK(named(plot, "bf16").points ==
          std::vector<std::pair<double, double>>{{0.25, 83}, {0.5, 86}, {1, 89}});
    CHECK(named(plot, "w8a8").points.front().first == 0.125);
    CHECK(named(plot, "w8a8").colour != named(plot, "w4a4e8").colour);
    const Curve& all = named(plot, "Pareto front of all");
    CHECK(all.form == Curve::Form::steps);
    CHECK(all.points.size() == 6);  // w4a4e8 and, of half its size and a little cheaper, w8a8; bf16 never
    CHECK(all.points.back() == std::pair{0.5, 89.6});
    CHECK(plot.notes.size() == 9);
    CHECK(plot.notes.front().text == "8-w0.5");
    CHECK(aqt::cost_plot("t", table, aqt::CostModel::quadratic).curves[1].points[1].first == 0.5);
    CHECK(
        aqt::cost_plot("t", Synthetic({"resnet8"}, kCurves).table(), aqt::CostModel::linear).curves.empty());
}

TEST_CASE("networks off their method's front have marks, the line passes them by") {
    Synthetic s({"resnet8", "resnet14"}, {"bf16"});
    s.set("resnet8", "bf16", {80}).set("resnet14", "bf16", {79});
    const Plot plot = aqt::cost_plot("t", s.table(), aqt::CostModel::linear);
    REQUIRE(plot.curves.size() == 3);
    CHECK(plot.curves[1].form == Curve::Form::line);
    CHECK(plot.curves[1].points.size() == 1);
    CHECK(plot.curves[2].form == Curve::Form::marks);
    CHECK(plot.curves[2].points.size() == 2);
    CHECK(plot.curves[2].colour == plot.curves[1].colour);
}

TEST_CASE("the report: tables, claims and plots, complete and the same every time") {
    const Grid grid{"aqt", "Quantization-aware training", {}};
    const Report report = aqt::report("quick", grid, example().reported());
    for (const char* end : {".md", ".csv", ".tex", "-ablations.csv", "-ablations.tex", "-claims.md",
                            "-claims.csv", "-claims.tex"})
        CHECK_MESSAGE(report.files.contains(end), end);
    CHECK(report.plots.size() == 4);
    const std::string& text = report.files.at(".md");
    CHECK(text.find("| resnet8-w0.5 | w4a4 | – | – |") != std::string::npos);
    CHECK(text.find("not attempted: not in the grid") != std::string::npos);
    CHECK(text.find("| aqt-3 |") != std::string::npos);
    CHECK(text.find("**aqt-8.**") != std::string::npos);
    CHECK(report.files.at("-claims.md").find("| aqt-3 |") != std::string::npos);
    CHECK(report.files.at(".md") == aqt::report("quick", grid, example().reported()).files.at(".md"));
}

TEST_CASE("from results on disk to files on disk") {
    const test::Scratch scratch("aqt-report");
    write_json(scratch / "experiments/aqt/grid.json", {{"schema", 1},
                                                       {"title", "QAT"},
                                                       {"profiles",
                                                        {{"quick",
                                                          {{"axes",
                                                            {{"model", {"resnet8"}},
                                                             {"data", {"glyphs"}},
                                                             {"method", {"bf16", "w8a8", "w4a4e8"}},
                                                             {"seed", {0}}}}}}}}});
    const auto store = [&](const std::string& leaf, double top1, std::size_t linear) {
        Result r = test::result("aqt/" + leaf, top1);
        r.cost.linear = linear;
        r.cost.quadratic = 7 * linear;
        write_result(scratch / ("results/quick/aqt/" + leaf + ".json"), r);
    };
    store("resnet8--glyphs--bf16--s0", 91, 12300000 * 16);
    store("resnet8--glyphs--w8a8--s0", 92, 12300000 * 8);
    const Project project(scratch.path());
    std::string no_plot;
    Refused refused;
    const Grid grid = project.grid("aqt");
    const auto paths = write_report(project, "quick", grid, read_cells(project, "quick", grid, refused),
                                    aqt::report, no_plot);
    CHECK(refused.empty());
    if (!no_plot.empty()) nibble::test::skipped(std::string("plots: ") + no_plot);
    CHECK(paths.size() == (no_plot.empty() ? 19 : 11));
    CHECK(read_file(scratch / "results/quick/aqt.md")
              .find("| resnet8 | w8a8 | 1 | 92.00 | 92.00 | 97.50 | 5.50 | 0.5000 |") != std::string::npos);
    CHECK(read_file(scratch / "results/quick/aqt-claims.csv").find("not attempted") != std::string::npos);
}
