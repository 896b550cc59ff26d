#include "experiments/reports/claims.hpp"

#include <doctest/doctest.h>

using namespace nibble;

namespace {
using Outcome = Verdict::Kind;

/// A mean with so much to both sides.
Estimate about(double mean, double half) {
    return {mean, Variance{half * half / (1.959964 * 1.959964)}};
}

Figure figure(double mean, double half = 0.5) {
    return {"a - b", about(mean, half)};
}

/// The mean of members that have intervals of their own.
Figure mean_of(const std::vector<double>& means, double half, double half_of_mean) {
    Figure f = figure(0, half_of_mean);
    for (double mean : means) {
        f.members.push_back({"n" + std::to_string(f.members.size()), about(mean, half)});
        f.estimate->mean += mean / static_cast<double>(means.size());
    }
    return f;
}

Outcome kind(const std::vector<Figure>& figures) {
    return judge(figures).kind;
}
}  // namespace

TEST_CASE("a figure decides by its whole interval; one that is not known decides nothing") {
    CHECK(kind({figure(0.6)}) == Outcome::reproduced);
    CHECK(kind({figure(0.4)}) == Outcome::inconclusive);
    CHECK(kind({figure(-0.4)}) == Outcome::inconclusive);
    CHECK(kind({figure(-0.6)}) == Outcome::not_reproduced);
    CHECK(kind({figure(0.1, 0)}) == Outcome::reproduced);
    CHECK(kind({figure(0, 0)}) == Outcome::not_reproduced);  // "more" is not "as much"
    for (const double mean : {9, -9}) {
        Figure unknown = figure(mean);
        unknown.estimate->variance.reset();
        CHECK(to_string(judge({unknown})) == "inconclusive: interval not known: a - b");
    }
}

TEST_CASE("a range has two ends") {
    const auto near = [](double mean) { return Figure{"a - b", about(mean, 0.5), -1, 1}; };
    CHECK(kind({near(0.2)}) == Outcome::reproduced);
    CHECK(kind({near(-0.8)}) == Outcome::inconclusive);
    CHECK(kind({near(1.6)}) == Outcome::not_reproduced);
}

TEST_CASE("a mean over networks: each must agree, and one that clearly does not decides") {
    CHECK(kind({mean_of({0.9, 0.5}, 0.6, 0.4)}) == Outcome::reproduced);     // 0.5 ± 0.6 alone would be open
    CHECK(kind({mean_of({0.9, -0.1}, 0.4, 0.3)}) == Outcome::inconclusive);  // the example of the header
    CHECK(kind({mean_of({3, -1}, 0.4, 0.3)}) == Outcome::not_reproduced);
    CHECK(kind({mean_of({-0.3, -0.3, -0.3}, 0.5, 0.2)}) == Outcome::not_reproduced);  // together, none alone
    // One of twenty just outside at 2.5 % is what chance does.
    std::vector<double> twenty(20, 0.5);
    twenty[3] = -0.45;
    CHECK(kind({mean_of(twenty, 0.4, 0.1)}) == Outcome::inconclusive);
}

TEST_CASE("many figures are many chances: together they count as one test") {
    const Figure yes = figure(1), outside = figure(-0.55);  // alone: p = 0.016
    CHECK(kind({outside}) == Outcome::not_reproduced);
    CHECK(kind({outside, yes, yes, yes}) == Outcome::inconclusive);
    CHECK(kind({figure(-0.7), yes, yes, yes}) == Outcome::not_reproduced);  // p = 0.003
    CHECK(kind({outside, shown_only(yes), shown_only(yes)}) == Outcome::not_reproduced);
}

TEST_CASE("where a curve ends nothing speaks against the claim, and the verdict says so") {
    Figure f = mean_of({2, -2}, 0.4, 0.3);
    f.members[1].open = "the curve of b ends at n1";
    CHECK(to_string(judge({f})) == "inconclusive: the curve of b ends at n1");
    f = mean_of({2, 2}, 0.4, 0.3);
    f.members[1].open = "the curve of b ends at n1";
    CHECK(kind({f}) == Outcome::reproduced);
    f = mean_of({-3, -2}, 0.4, 0.3);
    f.members[1].open = "the curve of b ends at n1";
    CHECK(kind({f}) == Outcome::not_reproduced);  // the other one speaks against it
}

TEST_CASE("all figures must agree; one against decides; a missing one leaves it open") {
    const Figure yes = figure(1), no = figure(-1), unclear = figure(0), missing{"a - b", {}};
    CHECK(kind({yes, yes}) == Outcome::reproduced);
    CHECK(kind({yes, unclear}) == Outcome::inconclusive);
    CHECK(kind({yes, unclear, no}) == Outcome::not_reproduced);
    CHECK(kind({no, missing}) == Outcome::not_reproduced);
    CHECK(kind({yes, missing}) == Outcome::inconclusive);
    CHECK(kind({missing, missing}) == Outcome::not_attempted);
    CHECK(kind({}) == Outcome::not_attempted);
    CHECK(kind({yes, shown_only(no)}) == Outcome::reproduced);
    CHECK(to_string(judge({missing})) == "not attempted: cells missing");
    CHECK(to_string(judge({})) == "not attempted: no networks in the grid to compare");
    CHECK(to_string(judge({yes})) == "reproduced");
    CHECK(to_string(judge({yes, no})) == "not reproduced: a - b");
    CHECK(to_string(judge({unclear})) == "inconclusive: too close to call: a - b");
    Figure apart = missing;
    apart.detail = "no cost in common";
    CHECK(to_string(judge({yes, apart})) == "inconclusive: a - b: no cost in common");
    CHECK(to_string(Verdict{Outcome::refuted_by_proof, "always"}) == "refuted by proof: always");
}

TEST_CASE("figures in words") {
    Figure two = mean_of({1, 2}, 0.5, 0.25);
    two.detail = "by hand";
    CHECK(to_string({two}) == "a - b +1.50 ± 0.25 points (n0 +1.00, n1 +2.00; by hand)");
    two.estimate->note = "one draw";
    two.members.clear();
    CHECK(to_string({two, {"c", {}}}) == "a - b +1.50 ± 0.25 points (one draw; by hand); c –");
    Figure exact = figure(75, 0);
    exact.unit = "%";
    CHECK(to_string({exact}) == "a - b +75.00 %");
    exact.estimate->variance.reset();
    CHECK(to_string({exact}) == "a - b +75.00 ± ? %");
    CHECK(to_string({Figure{"c", {}}}) == kMissing);
}

TEST_CASE("verdicts say on what they were measured, where the grid says so") {
    Grid grid;
    grid.measured_on["few"] = "a few images";
    std::vector<Claim> claims(4);
    claims[0].verdict = {Outcome::reproduced, ""};
    claims[1].verdict = {Outcome::inconclusive, "too close to call"};
    claims[2].verdict = {Outcome::not_attempted, "cells missing"};
    claims[3].verdict = {Outcome::reproduced, ""};
    claims[3].counted = true;
    const auto told = on_their_data(claims, grid, "few");
    CHECK(to_string(told[0].verdict) == "reproduced: on a few images");
    CHECK(to_string(told[1].verdict) == "inconclusive: too close to call; on a few images");
    CHECK(to_string(told[2].verdict) == "not attempted: cells missing");
    CHECK(to_string(told[3].verdict) == "reproduced");
    CHECK(to_string(on_their_data(claims, grid, "other")[0].verdict) == "reproduced");
}

TEST_CASE("a table row and a paragraph for each claim") {
    Claim claim;
    claim.id = "p-1";
    claim.statement = "a beats b.";
    claim.source = Source::quoted;
    claim.paper = kUnknown;
    claim.measure = "By top-1.";
    claim.command = "nibble run $(nibble cells | grep a)";
    const std::vector<Claim> claims{judged(claim, {figure(1, 0.25)})};
    const std::string text = claims_markdown(claims);
    CHECK(text.find("| p-1 | a beats b. | quoted | unknown | a - b +1.00 ± 0.25 points | reproduced |\n") !=
          std::string::npos);
    CHECK(text.find("**p-1.** By top-1.\n\n```\nnibble run $(nibble cells | grep a)\n```\n") !=
          std::string::npos);
    CHECK(claims_table(claims).csv().find(
              "p-1,a beats b.,quoted,unknown,By top-1.,a - b +1.00 ± 0.25 points,reproduced,nibble run") !=
          std::string::npos);
}
