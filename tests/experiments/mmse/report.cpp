#include "experiments/mmse/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "experiments/mmse/curves.hpp"
#include "experiments/mmse/tables.hpp"
#include "synthetic.hpp"

using namespace nibble;
using Synthetic = test::MmseCells;

namespace {
Synthetic example() {
    Synthetic s({"net", "empty"},
                {"f32", "w4e8-pt-wmaxabs", "w4e8-pt", "w4e8-wmaxabs", "w4e8", "w4e8-dual10", "w4a8e8-dual10",
                 "w4a8e8-dual50", "w4a8e8-walternating", "w4a8e8-pt-wgrid", "a4e8", "a4e8-akl", "w8a8",
                 "w4a4e8", "w4a4e8-cal64", "w3a8e8", "w4a8e8"},
                2);
    s.set("net", "f32", {90}).set("net", "w4e8-pt-wmaxabs", {70}, 0.1).set("net", "w4e8-pt", {75}, 0.05);
    s.set("net", "w4e8-wmaxabs", {85}, 0.02)
        .set("net", "w4e8", {88}, 0.01)
        .set("net", "w4e8-dual10", {89}, 0.008);
    s.set("net", "w4a8e8", {88}, 0.01).set("net", "w4a8e8-dual10", {89}, 0.008);
    s.set("net", "w4a8e8-dual50", {89.5}, 0.004).set("net", "w4a8e8-walternating", {87}, 0.011);
    s.set("net", "w4a8e8-pt-wgrid", {70}, 0.1);
    s.set("net", "a4e8", {80}).set("net", "a4e8-akl", {60}).set("net", "w8a8", {89, 90});
    s.set("net", "w4a4e8", {80, 82}).set("net", "w4a4e8-cal64", {79, 81}).set("net", "w3a8e8", {60, 62});
    return s;
}

const mmse::NamedTable& named(const std::vector<mmse::NamedTable>& all, const std::string& name) {
    for (const auto& t : all)
        if (t.name == name) return t;
    throw std::logic_error("no table " + name);
}
}  // namespace

TEST_CASE("tables: the float network first, differences, overhead, dashes") {
    const auto all = mmse::tables(example().table());
    const Table& weights = named(all, "-weights").table;
    CHECK(weights.rows.front() == std::vector<std::string>{"net", "f32", "float", "1", "90.00", "+0.00",
                                                           "32.000", "1.00", "1.000", "–"});
    CHECK(weights.rows[5] == std::vector<std::string>{"net", "w4e8-dual10",
                                                      "weights per kernel, MMSE, 10 % dual", "1", "89.00",
                                                      "-1.00", "4.400", "7.27", "1.100", "–"});
    CHECK(weights.rows.size() == 12);  // of both networks; no solver, no share but 10 and 100 %
    CHECK(weights.rows.back()[4] == "–");
    const Table& both = named(all, "-both").table;
    const auto row =
        std::find_if(both.rows.begin(), both.rows.end(), [](const auto& r) { return r[1] == "w8a8"; });
    REQUIRE(row != both.rows.end());
    CHECK((*row)[3] == "2");
    CHECK((*row)[4].starts_with("89.50 ± "));
    CHECK((*row)[9] == "2.0");
    const Table& solvers = named(all, "-solvers").table;
    CHECK(solvers.rows[0] == std::vector<std::string>{"net", "alternating, per kernel", "0.011000", "+10.000",
                                                      "87.00", "-3.00"});
    const Table& dual = named(all, "-dual").table;
    CHECK(dual.rows[1] ==
          std::vector<std::string>{"net", "10", "0.0200", "0.008000", "89.00", "-1.00", "4.400", "1.100"});
    CHECK(named(all, "-bits").table.rows.front() ==
          std::vector<std::string>{"net", "3", "–", "–", "–", "61.00 ± 12.71"});
    CHECK(named(all, "-calibration").table.rows.front() ==
          std::vector<std::string>{"net", "64", "2", "80.00 ± 12.71", "79.00", "81.00", "-10.00 ± 12.71"});
}

TEST_CASE("plots: a curve for each way, network or share that has results") {
    const auto plots = mmse::plots("t", example().table());
    CHECK(plots.at("-layers").curves.size() == 4);
    CHECK(plots.at("-layers").curves.front().points.size() == 1);
    CHECK(plots.at("-layers").curves.front().points.front().second == doctest::Approx(10));
    CHECK(plots.at("-scales").curves.size() == 1);
    CHECK(plots.at("-scales").curves.front().points.back() == std::pair{1.0, 0.0});
    CHECK(plots.at("-dual").curves.size() == 1);
    CHECK(plots.at("-dual").curves.front().points ==
          std::vector<std::pair<double, double>>{{0, -2}, {10, -1}, {50, -0.5}});
    CHECK(plots.at("-calibration").curves.size() == 2);
    CHECK(mmse::plots("t", Synthetic({"net"}, {"f32", "w4e8"}).table()).empty());
}

TEST_CASE("a report is a function of the cells, and complete without results") {
    Grid grid;
    grid.experiment = "mmse";
    grid.title = "Title";
    const Report one = mmse::report("quick", grid, example().reported()),
                 two = mmse::report("quick", grid, example().reported());
    CHECK(one.files == two.files);
    CHECK(one.summary.rows[1].front() == "net");
    CHECK(one.summary.rows[1].size() == one.summary.columns.size());
    CHECK(one.files.at(".md").find("![Error of each layer](mmse-layers.svg)") != std::string::npos);
    CHECK(one.files.at(".csv").find("mmse/net--glyphs--w4e8--s0,net,w4e8,0,88,") != std::string::npos);
    CHECK(one.files.at("-layers.csv").find("mmse/net--glyphs--w4e8--s0,middle,s4-pc,0.01,") !=
          std::string::npos);
    for (const auto& [end, plot] : one.plots)
        CHECK(one.files.at(".md").find("mmse" + end + ".svg") != std::string::npos);
    CHECK_NOTHROW(mmse::report("quick", grid, Synthetic({"net"}, {"f32", "w4e8"}).reported()));
}
