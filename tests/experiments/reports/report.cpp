#include "experiments/reports/report.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/reports/generic_tables.hpp"
#include "tests/helpers/results.hpp"
#include "tests/helpers/scratch.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {
using test::result;

/// A repository with one experiment of three rows: two seeds, one seed, and a cell without result.
struct Fixture {
    test::Scratch scratch{"report"};
    Fixture() {
        write_json(scratch / "experiments/paper/grid.json",
                   {{"schema", 1},
                    {"title", "A & B"},
                    {"profiles",
                     {{"quick",
                       {{"axes",
                         {{"model", {"resnet8", "resnet14"}},
                          {"data", {"glyphs"}},
                          {"method", {"f32", "bf16"}},
                          {"seed", {0, 1}}}},
                        {"skip",
                         {{{"method", "bf16"}, {"model", "resnet8"}, {"reason", "test"}},
                          {{"seed", 1}, {"model", "resnet14"}, {"reason", "test"}}}}}}}}});
        store("resnet8--glyphs--f32--s0", 91.0);
        store("resnet8--glyphs--f32--s1", 92.0);
        store("resnet14--glyphs--f32--s0", 93.125);
    }
    void store(const std::string& leaf, double top1) const {
        write_result(scratch / ("results/quick/paper/" + leaf + ".json"), result("paper/" + leaf, top1));
    }
    Project project() const { return Project(scratch.path()); }
    std::vector<ReportedCell> cells() const {
        Refused refused;
        auto cells = read_cells(project(), "quick", project().grid("paper"), refused);
        REQUIRE(refused.empty());
        return cells;
    }
};
}  // namespace

TEST_CASE("a summary has a row per configuration, an interval over seeds, and dashes for what is missing") {
    const Table table = summary_table(Fixture().cells());
    REQUIRE(table.rows.size() == 3);
    CHECK(table.rows[0] == std::vector<std::string>{"resnet8", "glyphs", "f32", "2", "91.50 ± 6.35",
                                                    "99.50 ± 0.00", "0.250 ± 0.000", "97.50 ± 0.00", "12.3",
                                                    "2.0"});
    CHECK(table.rows[1] == std::vector<std::string>{"resnet14", "glyphs", "f32", "1", "93.12", "99.50",
                                                    "0.250", "97.50", "12.3", "2.0"});
    CHECK(table.rows[2] ==
          std::vector<std::string>{"resnet14", "glyphs", "bf16", "–", "–", "–", "–", "–", "–", "–"});
    CHECK(table.markdown().find("| resnet14 | glyphs | bf16 | – | – |") != std::string::npos);
    CHECK(table.latex().find("resnet14 & glyphs & bf16 & -- & --") != std::string::npos);
    CHECK(table.latex().find("91.50 $\\pm$ 6.35") != std::string::npos);
}

TEST_CASE("the table of cells holds unrounded figures and empty fields") {
    const std::string csv = cell_table(Fixture().cells()).csv();
    CHECK(csv.find("paper/resnet14--glyphs--f32--s0,resnet14,glyphs,f32,0,93.125,99.5,0.25,97.5,0.25,3,") !=
          std::string::npos);
    CHECK(csv.find("paper/resnet14--glyphs--bf16--s0,resnet14,glyphs,bf16,0,,,,,,,,,,,\n") !=
          std::string::npos);
}

TEST_CASE("special characters are escaped") {
    const Table table{{{"a,b"}, {"c", false}}, {{"50 % & x_1", "say \"hi\""}}};
    CHECK(table.csv() == "\"a,b\",c\n50 % & x_1,\"say \"\"hi\"\"\"\n");
    CHECK(table.latex().find("50 \\% \\& x\\_1 & say \"hi\" \\\\") != std::string::npos);
}

TEST_CASE("curves leave out epochs without evaluation and cells without result") {
    const Plot plot = learning_curves("t", Fixture().cells());
    REQUIRE(plot.curves.size() == 4);
    CHECK(plot.curves[0].points == std::vector<std::pair<double, double>>{{3, 91.0}});
    CHECK(plot.curves[1].points.size() == 3);
    CHECK(plot.curves[1].dashed);
    CHECK(plot.curves[2].colour != plot.curves[0].colour);
}

TEST_CASE("a report is the same bytes every time") {
    const Fixture fixture;
    const Project project = fixture.project();
    std::string no_plot;
    const auto paths =
        write_report(project, "quick", project.grid("paper"), fixture.cells(), generic_report, no_plot);
    if (!no_plot.empty()) nibble::test::skipped(std::string("plots: ") + no_plot);
    REQUIRE(paths.size() == (no_plot.empty() ? 5 : 3));
    std::map<std::filesystem::path, std::string> first;
    for (const auto& path : paths) first[path] = digest_of(read_file(path));
    if (no_plot.empty()) ::sleep(1);  // a PDF with the time in it would differ from the next second's
    write_report(project, "quick", project.grid("paper"), fixture.cells(), generic_report, no_plot);
    for (const auto& path : paths) CHECK_MESSAGE(first[path] == digest_of(read_file(path)), path.string());
}

TEST_CASE("a result that is malformed, misplaced or no file is one line, and the others are reported") {
    const Fixture fixture;
    const Project project = fixture.project();
    const Grid grid = project.grid("paper");
    const auto path = fixture.scratch / "results/quick/paper/resnet14--glyphs--f32--s0.json";
    const auto line = [&] {
        Refused refused;
        const auto cells = read_cells(project, "quick", grid, refused);
        CHECK(std::ranges::count_if(cells, [](const auto& c) { return c.result.has_value(); }) == 2);
        REQUIRE(refused.size() == 1);
        return *refused.begin();
    };
    write_result(path, result("paper/resnet8--glyphs--f32--s0", 1));
    CHECK(line().find("cell: expected paper/resnet14") != std::string::npos);
    Json more = to_json(result("paper/resnet14--glyphs--f32--s0", 1));
    more["seconds"] = 12;
    write_json(path, more);
    CHECK(line().find("unknown key 'seconds'") != std::string::npos);
    Json forged = to_json(result("paper/resnet14--glyphs--f32--s0", 1));
    forged["key_parts"]["config"] = "other";
    write_json(path, forged);
    CHECK(line().find("its key is not that of its key_parts") != std::string::npos);
    std::filesystem::remove(path);
    std::filesystem::create_symlink(path, path);
    CHECK(line().find("resnet14--glyphs--f32--s0.json: opening failed") != std::string::npos);
}

TEST_CASE("a profile without any result gets no report") {
    const Fixture fixture;
    const Project project = fixture.project();
    std::filesystem::remove_all(fixture.scratch / "results");
    std::string no_plot;
    CHECK(write_report(project, "quick", project.grid("paper"), fixture.cells(), generic_report, no_plot)
              .empty());
    CHECK_FALSE(std::filesystem::exists(fixture.scratch / "results"));
}

TEST_CASE("only what stands between the markers of a README changes") {
    const std::string readme = "a\n<!-- results:begin -->\nold\n<!-- results:end -->\nb\n";
    const std::string filled = with_results(readme, "new\n", "README.md");
    CHECK(filled == "a\n<!-- results:begin -->\nnew\n<!-- results:end -->\nb\n");
    CHECK(with_results(filled, "new\n", "README.md") == filled);
    CHECK_THROWS_AS(with_results("none", "x", "README.md"), BadInput);
    CHECK_THROWS_AS(with_results(readme + readme, "x", "README.md"), BadInput);
    CHECK_THROWS_AS(with_results("<!-- results:end --><!-- results:begin -->", "x", "README.md"), BadInput);
}

TEST_CASE("an experiment's own report: its files and plots, each under its name") {
    const Fixture fixture;
    const Project project = fixture.project();
    const MakeReport make = [](const std::string& profile, const Grid& grid, const auto& cells) {
        Report report;
        report.summary = summary_table(cells);
        report.files = {{".md", profile + " " + grid.title}, {"-x.csv", "1\n"}};
        return report;
    };
    std::string no_plot;
    const auto paths = write_report(project, "quick", project.grid("paper"), fixture.cells(), make, no_plot);
    REQUIRE(paths.size() == 2);
    CHECK(read_file(fixture.scratch / "results/quick/paper-x.csv") == "1\n");
    CHECK(read_file(fixture.scratch / "results/quick/paper.md") == "quick A & B");
}

TEST_CASE("bars and comparisons do not break tables") {
    const Table table{{{"a"}, {"long", false, 0.25}}, {{"|x| < 3", "1 > 0"}}};
    CHECK(table.markdown().find("| \\|x\\| < 3 | 1 > 0 |") != std::string::npos);
    CHECK(table.latex().find("\\begin{tabular}{r>{\\raggedright\\arraybackslash}p{0.25\\linewidth}}") == 0);
    CHECK(table.latex().find("$|$x$|$ $<$ 3 & 1 $>$ 0 \\\\") != std::string::npos);
}
