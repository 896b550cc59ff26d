#include "experiments/reports/plot.hpp"

#include <doctest/doctest.h>

#include <set>

#include "engine/core/error.hpp"
#include "experiments/reports/labels.hpp"

using namespace nibble;

namespace {
Plot cost_like() {
    Plot plot{"t", "x", "y", {{"a", {{0.1, 50}, {1, 60}}, 0, false, Curve::Form::marks}}};
    plot.logarithmic = Plot::Logarithmic::x;
    plot.x_range = {0.05, 2};
    plot.y_range = {45, 65};
    return plot;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("a mean of several values has its interval behind it, one of a single value none") {
    Plot plot{"t", "x", "y", {}};
    Curve curve{"c", {}, 1};
    curve.add_mean(1, std::vector<double>{50});
    curve.add_mean(2, std::vector<double>{49, 51});
    plot.curves.push_back(curve);
    CHECK(curve.points == std::vector<std::pair<double, double>>{{1, 50}, {2, 50}});
    REQUIRE(curve.error_bars.size() == 1);
    CHECK(curve.error_bars[0].x == 2);
    CHECK(curve.error_bars[0].half_width == doctest::Approx(12.706).epsilon(1e-4));  // t of 1 degree times 1
    const std::string script = plot.script();
    CHECK(script.find("$e0 << EOD\n2 50 12.7") != std::string::npos);
    const std::size_t bars = script.find("$e0 with yerrorbars"), line = script.find("$c0 with lines");
    CHECK(bars < line);
    CHECK(line != std::string::npos);
}

TEST_CASE("forms of curves, a logarithmic axis, ranges") {
    Plot plot = cost_like();
    plot.title = "it's `touch x`";
    plot.curves.push_back({"front", {{0.1, 50}}, Curve::kGrey, false, Curve::Form::steps});
    const std::string script = plot.script();
    CHECK(has(script, "set title 'it''s `touch x`' noenhanced"));
    CHECK(has(script, "with points lc rgb '#0072B2'"));
    CHECK(has(script, "with steps lc rgb '#BBBBBB'"));
    CHECK(has(script, "set logscale x\n"));
    CHECK(has(script, "set xtics (0.05, 0.1, 0.2, 0.5, 1, 2)"));
    CHECK(has(script, "set xrange [0.05:2]\nset yrange [45:65]\n"));
    plot.x_ticks = {0.01, 0.3, 1.5};
    CHECK(has(plot.script(), "set xtics (0.3, 1.5)"));
}

TEST_CASE("bars over names") {
    Plot plot{"t", "x", "y", {{"a", {{0, 5}}, 0, false, Curve::Form::bars}}};
    plot.x_names = {{0, "w8a8"}, {1, "it's"}};
    plot.bar_width = 0.25;
    const std::string script = plot.script();
    CHECK(has(script, "$c0 with boxes lc rgb '#0072B2' title 'a'"));
    CHECK(has(script, "set boxwidth 0.25 absolute\n"));
    CHECK(has(script, "set xtics ('w8a8' 0, 'it''s' 1)"));
}

TEST_CASE("labels stand on the page and not on each other") {
    const Plot plot = cost_like();
    const auto at_borders = place_labels(plot, {{1.95, 55, "resnet20"}, {0.051, 55, "resnet20"}});
    CHECK(at_borders[0].side == Note::Side::left);
    CHECK(at_borders[1].side == Note::Side::right);
    // Four of one place, away from the curve, need four sides.
    std::set<Note::Side> sides;
    for (const Note& note : place_labels(plot, std::vector<Label>(4, Label{0.3, 62, "20"})))
        sides.insert(note.side);
    CHECK(sides.size() == 4);
    // Nothing is written on a line that passes through the mark.
    Plot flat = cost_like();
    flat.curves[0] = {"a", {{0.1, 55}, {1, 55}}};
    const Note::Side side = place_labels(flat, {{0.3, 55, "14"}}).front().side;
    CHECK(side != Note::Side::left);
    CHECK(side != Note::Side::right);
}

TEST_CASE("labels need to know the ranges") {
    Plot plot = cost_like();
    plot.x_range.reset();
    CHECK_THROWS_AS(place_labels(plot, {}), BadInput);
}
