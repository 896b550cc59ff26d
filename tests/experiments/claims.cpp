#include "experiments/harness/claims.hpp"

#include <doctest/doctest.h>

using namespace nibble;

namespace {
using Outcome = Verdict::Kind;

Figure figure(std::vector<double> values) {
    return {"a - b", std::move(values), 0, std::numeric_limits<double>::infinity(), 0.5};
}

Outcome kind(const std::vector<Figure>& figures) {
    return judge(figures).kind;
}
}  // namespace

TEST_CASE("one seed decides by the margin") {
    CHECK(kind({figure({0.6})}) == Outcome::reproduced);
    CHECK(kind({figure({0.5})}) == Outcome::inconclusive);
    CHECK(kind({figure({-0.4})}) == Outcome::inconclusive);
    CHECK(kind({figure({-0.5})}) == Outcome::not_reproduced);
}

TEST_CASE("several seeds decide by their interval") {
    CHECK(kind({figure({0.2, 0.3, 0.25})}) == Outcome::reproduced);
    CHECK(kind({figure({2.0, -0.5, 1.0})}) == Outcome::inconclusive);
    CHECK(kind({figure({-0.2, -0.3, -0.25})}) == Outcome::not_reproduced);
    CHECK(kind({figure({0, 0, 0})}) == Outcome::not_reproduced);  // "more" is not "as much"
}

TEST_CASE("a range has two ends") {
    Figure near{"a - b", {0.2}, -1, 1, 0.5};
    CHECK(kind({near}) == Outcome::reproduced);
    near.values = {-0.8};
    CHECK(kind({near}) == Outcome::inconclusive);
    near.values = {1.6};
    CHECK(kind({near}) == Outcome::not_reproduced);
}

TEST_CASE("all figures must agree; one against decides; a missing one leaves it open") {
    const Figure yes = figure({1}), no = figure({-1}), unclear = figure({0}), missing = figure({});
    CHECK(kind({yes, yes}) == Outcome::reproduced);
    CHECK(kind({yes, unclear}) == Outcome::inconclusive);
    CHECK(kind({yes, unclear, no}) == Outcome::not_reproduced);
    CHECK(kind({no, missing}) == Outcome::not_reproduced);
    CHECK(kind({yes, missing}) == Outcome::inconclusive);
    CHECK(kind({missing, missing}) == Outcome::not_attempted);
    CHECK(kind({}) == Outcome::not_attempted);
    CHECK(to_string(judge({missing})) == "not attempted: cells missing");
    CHECK(to_string(judge({})) == "not attempted: no networks in the grid to compare");
    CHECK(to_string(judge({yes})) == "reproduced");
    CHECK(to_string(judge({yes, no})) == "not reproduced: a - b");
    CHECK(to_string(judge({unclear})) == "inconclusive: too close to call: a - b");
}

TEST_CASE("figures in words") {
    Figure two = figure({1, 2});
    two.detail = "(resnet8)";
    CHECK(to_string({two}) == "a - b +1.50 ± 6.35 points (resnet8)");
    CHECK(to_string({two, figure({})}) == "a - b +1.50 ± 6.35 points (resnet8); a - b –");
    CHECK(to_string({figure({})}) == kMissing);
}

TEST_CASE("a table row and a paragraph for each claim") {
    Claim claim;
    claim.id = "p-1";
    claim.statement = "a beats b.";
    claim.paper = kUnknown;
    claim.measure = "By top-1.";
    claim.command = "nibble run $(nibble cells | grep a)";
    const std::vector<Claim> claims{judged(claim, {figure({1})})};
    const std::string text = claims_markdown(claims);
    CHECK(text.find("| p-1 | a beats b. | unknown | a - b +1.00 points | reproduced |\n") !=
          std::string::npos);
    CHECK(text.find("**p-1.** By top-1.\n\n```\nnibble run $(nibble cells | grep a)\n```\n") !=
          std::string::npos);
    CHECK(claims_table(claims).csv().find(
              "p-1,a beats b.,unknown,By top-1.,a - b +1.00 points,reproduced,nibble run") !=
          std::string::npos);
}
