#include <doctest/doctest.h>

#include "experiments/reports/report.hpp"
#include "tests/helpers/results.hpp"

using namespace nibble;

namespace {
Claim claim(const std::string& id, Verdict::Kind kind, const std::string& command = "nibble run x") {
    Claim c;
    c.id = id;
    c.statement = "It is so.";
    c.source = Source::abstract;
    c.verdict = {kind, ""};
    c.command = command;
    return c;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("the overview counts verdicts on the papers' claims, and names the commands there are") {
    Claim own = claim("p-3", Verdict::Kind::reproduced);
    own.source = Source::ours;
    const std::vector<Overview> all{
        {"p",
         "A paper",
         {claim("p-1", Verdict::Kind::reproduced), claim("p-2", Verdict::Kind::not_attempted, ""), own}},
        {"q", "Claims nothing", {}}};
    const std::string text = overview_markdown("quick", all);
    CHECK(has(text,
              "abstract or quoted: 1 reproduced, 0 not reproduced, 0 refuted by proof, 0 inconclusive, 1 not "
              "attempted. The others: 1 reproduced,"));
    CHECK(has(text, "| p-3 | It is so. | ours |"));
    CHECK(has(text, "# p-1\nnibble run x\n# p-3\nnibble run x\n```"));
    CHECK(has(text, "Tables, plots, how each claim is measured: [quick/p.md]"));
    CHECK(has(text, "## Claims nothing\n\nTables and plots: [quick/q.md]"));
    CHECK(has(latex_verdicts(all), "{verdicts/reproduced}{1}"));
    CHECK(has(latex_verdicts(all), "{verdicts/not-attempted}{1}"));
    CHECK(!has(claims_markdown(all[0].claims), "```\n\n```"));
}

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
    const Table best = best_table(all);
    REQUIRE(best.rows.size() == 1);  // of 8 bits there is one method alone
    CHECK(best.rows[0] == std::vector<std::string>{"net", "80.00", "4, 8", "p w4a8e8-x", "2", "74.00",
                                                   "-6.00", "20.0 dB, small", kMissing});
    all[0].cells[0].result.reset();  // nothing to stand beside
    CHECK(best_table(all).rows.empty());
}
