#include "experiments/reports/best.hpp"

#include <doctest/doctest.h>

#include "tests/helpers/results.hpp"

using namespace nibble;

namespace {
ReportedCell quantized(const std::string& method, std::uint64_t seed, double top1, int weight_bits,
                       int activation_bits) {
    const Cell cell{"p", "net", "glyphs", method, seed};
    Result r = test::result(cell.name(), top1);
    r.quantization.emplace();
    if (weight_bits < 32) r.executed_as = method + "-avx2";
    for (const char* name : {"first", "small", "large", "last"}) {
        const bool end = name[0] == 'f' || name == std::string("last");
        r.cost.layers.push_back({name, "", name == std::string("small") ? 1u : 2u, 9, end ? 8 : weight_bits,
                                 end ? 8 : activation_bits});
        Result::Quantization::Layer layer;
        layer.name = name;
        layer.weight_error = name == std::string("small") ? 0.01 : 0.001;
        r.quantization->layers.push_back(layer);
    }
    return {cell, r};
}
}  // namespace

TEST_CASE("the best of each network: by bits of the inner layers, over the draws, beside float") {
    std::vector<Overview> all{{"p", "A paper", {}, {}}};
    all[0].cells = {quantized("f32", 0, 80, 32, 32),    quantized("w8a8", 0, 79, 8, 8),
                    quantized("w4a8e8", 0, 70, 4, 8),   quantized("w4a8e8", 1, 76, 4, 8),
                    quantized("w4a8e8-x", 0, 74, 4, 8), quantized("w4a8e8-x", 1, 74, 4, 8)};
    const Table best = best_table(best_of_networks(all));
    REQUIRE(best.rows.size() == 1);  // of 8 bits there is one method alone
    CHECK(best.rows[0] == std::vector<std::string>{"net", "80.00", "4, 8", "p w4a8e8-x", "2", "74.00",
                                                   "-6.00", "20.0 dB, small", kMissing});
    all[0].cells[0].result.reset();  // nothing to stand beside
    CHECK(best_of_networks(all).empty());
}

namespace {
Best best_at(const std::string& network, int weight_bits, int activation_bits, double top1) {
    return {network, weight_bits, activation_bits, "p x", 2, 80, top1, nullptr};
}
}  // namespace

TEST_CASE("print shows 8 bits, 4-bit weights and 4 bits, and names a network once") {
    const Table table =
        best_for_print({best_at("a", 8, 8, 80.5), best_at("a", 8, 4, 60), best_at("a", 4, 8, 70),
                        best_at("a", 2, 8, 1), best_at("b", 4, 4, 9)});
    CHECK(table.rows ==
          std::vector<std::vector<std::string>>{{"a", "80.00", "w8a8", "p x", "80.50", "+0.50"},
                                                {"", "", "w4a8", "p x", "70.00", "-10.00"},
                                                {"b", "80.00", "w4a4", "p x", "9.00", "-71.00"}});
}

TEST_CASE("the plot has a bar for each network and width, side by side, with the points lost") {
    const Plot plot =
        best_plot("few", {best_at("a", 8, 8, 80.04), best_at("a", 2, 8, 10), best_at("b", 8, 8, 79)});
    REQUIRE(plot.curves.size() == 2);
    CHECK(plot.curves[0].label == "a");
    REQUIRE(plot.curves[0].points.size() == 2);
    CHECK(plot.curves[0].points[0].first == doctest::Approx(-plot.bar_width / 2));
    CHECK(plot.curves[0].points[1].first == doctest::Approx(3 - plot.bar_width / 2));
    CHECK(plot.curves[0].points[1].second == doctest::Approx(70));
    CHECK(plot.curves[1].points[0].first == doctest::Approx(plot.bar_width / 2));
    REQUIRE(plot.notes.size() == 3);
    CHECK(plot.notes[0].text == "0.0");
    CHECK(plot.notes[0].y == 0);  // above the axis, though the bar hangs below it
    CHECK(plot.notes[1].text == "70");
    CHECK(plot.notes[2].text == "1.0");
    REQUIRE(plot.y_range);
    CHECK(plot.y_range->low < -0.04);
    CHECK(plot.y_range->high > 70);
}
