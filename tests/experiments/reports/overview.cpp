#include <doctest/doctest.h>

#include "experiments/reports/report.hpp"

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
    CHECK(has(text, verdict_counts(all)));
    CHECK(has(text, "| p-3 | It is so. | ours |"));
    CHECK(has(text, "# p-1\nnibble run x\n# p-3\nnibble run x\n```"));
    CHECK(has(text, "Tables, plots, how each claim is measured: [quick/p.md]"));
    CHECK(has(text, "## Claims nothing\n\nTables and plots: [quick/q.md]"));
    CHECK(has(latex_verdicts(all), "{verdicts/reproduced}{1}"));
    CHECK(has(latex_verdicts(all), "{verdicts/not-attempted}{1}"));
    CHECK(verdict_counts(all) ==
          "Claims from an abstract or quoted: 1 reproduced, 0 not reproduced, 0 refuted by proof, 0 "
          "inconclusive, 1 not attempted. The others: 1 reproduced, 0 not reproduced, 0 refuted by proof, 0 "
          "inconclusive, 0 not attempted.");
    CHECK(!has(claims_markdown(all[0].claims), "```\n\n```"));
}

TEST_CASE("what sets a profile's data apart is said once, by the first experiment whose grid says it") {
    std::vector<Overview> all{{"p", "A paper", {}}, {"q", "Another", {}}};
    CHECK(has(data_sentence(all), "ours never are."));
    all[1].measured_on = "a few images";
    CHECK(has(data_sentence(all), "ours are on a few images."));
    CHECK(has(overview_markdown("few", all), data_sentence(all)));
}
