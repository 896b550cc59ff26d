#include "experiments/harness/claims.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/harness/statistics.hpp"

namespace nibble {

namespace {
enum class Answer { yes, no, unclear };

/// Of a figure with values.
Answer answer_of(const Figure& figure) {
    const Summary s = summarize(figure.values);
    const double half = s.half_width.value_or(figure.margin);
    const double low = s.mean - half, high = s.mean + half;
    if (low > figure.low && high < figure.high) return Answer::yes;
    return high <= figure.low || low >= figure.high ? Answer::no : Answer::unclear;
}

/// The names of the figures that answer so.
std::string those(const std::vector<Figure>& figures, Answer answer) {
    std::string names;
    for (const Figure& f : figures)
        if (!f.values.empty() && answer_of(f) == answer) names += (names.empty() ? "" : "; ") + f.what;
    return names;
}
}  // namespace

std::string to_string(const Verdict& verdict) {
    const auto with = [&](const std::string& kind) {
        return verdict.why.empty() ? kind : kind + ": " + verdict.why;
    };
    switch (verdict.kind) {
        case Verdict::Kind::reproduced:
            return with("reproduced");
        case Verdict::Kind::not_reproduced:
            return with("not reproduced");
        case Verdict::Kind::inconclusive:
            return with("inconclusive");
        case Verdict::Kind::not_attempted:
            break;
    }
    return with("not attempted");
}

Verdict judge(const std::vector<Figure>& figures) {
    if (figures.empty()) return {Verdict::Kind::not_attempted, "no networks in the grid to compare"};
    if (const std::string against = those(figures, Answer::no); !against.empty())
        return {Verdict::Kind::not_reproduced, against};
    const auto missing =
        std::count_if(figures.begin(), figures.end(), [](const Figure& f) { return f.values.empty(); });
    if (missing == std::ssize(figures)) return {Verdict::Kind::not_attempted, kCellsMissing};
    if (missing > 0) return {Verdict::Kind::inconclusive, kCellsMissing};
    if (const std::string unclear = those(figures, Answer::unclear); !unclear.empty())
        return {Verdict::Kind::inconclusive, "too close to call: " + unclear};
    return {Verdict::Kind::reproduced, ""};
}

std::string to_string(const std::vector<Figure>& figures) {
    const auto missing = [](const Figure& f) { return f.values.empty(); };
    if (std::all_of(figures.begin(), figures.end(), missing)) return kMissing;
    std::string text;
    for (const Figure& f : figures) {
        text += fmt::format("{}{} {}", text.empty() ? "" : "; ", f.what, signed_over_seeds(f.values, 2));
        if (!f.values.empty() && !f.unit.empty()) text += " " + f.unit;
        if (!f.values.empty() && !f.detail.empty()) text += " " + f.detail;
    }
    return text;
}

std::string rerun_command(const std::string& experiment, const std::string& profile,
                          const std::vector<std::string>& methods) {
    return fmt::format(
        "nibble verify $(nibble cells {1} --profile {0} | grep -E -e '--({2})--' | sed "
        "'s|.*|results/{0}/&.json|')",
        profile, experiment, fmt::join(methods, "|"));
}

Claim judged(Claim claim, const std::vector<Figure>& figures) {
    claim.ours = to_string(figures);
    claim.verdict = judge(figures);
    return claim;
}

Table claims_summary(const std::vector<Claim>& claims) {
    Table table{{{"Claim", false},
                 {"The paper says", false, 0.19},
                 {"Paper", false, 0.16},
                 {"Ours", false, 0.34},
                 {"Verdict", false, 0.13}},
                {}};
    for (const Claim& c : claims)
        table.rows.push_back({c.id, c.statement, c.paper, c.ours, to_string(c.verdict)});
    return table;
}

Table claims_table(const std::vector<Claim>& claims) {
    Table table{{{"claim", false},
                 {"statement", false},
                 {"paper", false},
                 {"measure", false},
                 {"ours", false},
                 {"verdict", false},
                 {"command", false}},
                {}};
    for (const Claim& c : claims)
        table.rows.push_back(
            {c.id, c.statement, c.paper, c.measure, c.ours, to_string(c.verdict), c.command});
    return table;
}

std::string claims_markdown(const std::vector<Claim>& claims) {
    std::string text = claims_summary(claims).markdown();
    text +=
        "\nHow each is measured, when it counts as reproduced, and the command that runs its cells again:\n";
    for (const Claim& c : claims) {
        text += fmt::format("\n**{}.** {}\n", c.id, c.measure);
        if (!c.command.empty()) text += fmt::format("\n```\n{}\n```\n", c.command);
    }
    return text;
}

}  // namespace nibble
