#include "experiments/reports/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace nibble {

namespace {
constexpr double kLevel = 0.025;  // one-sided, for all figures and members of a claim together
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_shown_only(const Figure& figure) {
    return figure.low == -kInfinity && figure.high == kInfinity;
}

bool is_within(double value, const Figure& figure) {
    return value > figure.low && value < figure.high;
}

Estimate negated(Estimate estimate) {
    estimate.mean = -estimate.mean;
    return estimate;
}

/// Of an estimate so far outside the range, were the true value just inside.
double probability_outside(const Estimate& estimate, const Figure& figure) {
    return std::min(probability_below(estimate, figure.low),
                    probability_below(negated(estimate), -figure.high));
}

/// For each figure whether it, or a member that may speak against the claim, lies outside its range.
std::vector<bool> contradicted(const std::vector<Figure>& figures) {
    std::vector<double> probabilities;
    std::vector<std::size_t> figure_of;
    const auto add = [&](std::size_t figure, const Estimate& estimate) {
        probabilities.push_back(probability_outside(estimate, figures[figure]));
        figure_of.push_back(figure);
    };
    for (std::size_t i = 0; i < figures.size(); ++i) {
        const Figure& f = figures[i];
        if (!f.estimate || is_shown_only(f)) continue;
        if (std::ranges::all_of(f.members, [](const Member& m) { return m.open.empty(); }))
            add(i, *f.estimate);
        if (f.members.size() < 2) continue;  // then the member is the figure
        for (const Member& m : f.members)
            if (m.open.empty()) add(i, m.estimate);
    }
    std::vector<bool> result(figures.size(), false);
    const std::vector<bool> rejected = holm(probabilities, kLevel);
    for (std::size_t k = 0; k < rejected.size(); ++k)
        if (rejected[k]) result[figure_of[k]] = true;
    return result;
}

bool is_within_entirely(const Figure& figure) {
    if (is_shown_only(figure)) return true;
    const auto half = figure.estimate->half_width();
    return half && is_within(figure.estimate->mean - *half, figure) &&
           is_within(figure.estimate->mean + *half, figure) &&
           std::ranges::all_of(figure.members,
                               [&](const Member& m) { return is_within(m.estimate.mean, figure); });
}

/// Whose answer is the one asked for, joined.
std::string those(const std::vector<Figure>& figures, const std::function<bool(std::size_t)>& asked) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < figures.size(); ++i)
        if (figures[i].estimate && asked(i)) names.push_back(figures[i].what);
    return fmt::format("{}", fmt::join(names, "; "));
}

/// Why members outside the range do not decide, each reason once.
std::string open_members(const std::vector<Figure>& figures) {
    std::vector<std::string> reasons;
    for (const Figure& f : figures)
        for (const Member& m : f.members)
            if (!m.open.empty() && !is_within(m.estimate.mean, f) &&
                std::ranges::find(reasons, m.open) == reasons.end())
                reasons.push_back(m.open);
    return fmt::format("{}", fmt::join(reasons, "; "));
}
}  // namespace

Figure shown_only(Figure figure) {
    figure.low = -kInfinity;
    figure.high = kInfinity;
    return figure;
}

std::string to_string(const Verdict& verdict) {
    const auto with = [&](const std::string& kind) {
        return verdict.why.empty() ? kind : kind + ": " + verdict.why;
    };
    switch (verdict.kind) {
        case Verdict::Kind::reproduced:
            return with("reproduced");
        case Verdict::Kind::not_reproduced:
            return with("not reproduced");
        case Verdict::Kind::refuted_by_proof:
            return with("refuted by proof");
        case Verdict::Kind::inconclusive:
            return with("inconclusive");
        case Verdict::Kind::not_attempted:
            break;
    }
    return with("not attempted");
}

Verdict judge(const std::vector<Figure>& figures) {
    if (figures.empty()) return {Verdict::Kind::not_attempted, "no networks in the grid to compare"};
    const std::vector<bool> against = contradicted(figures);
    if (const std::string names = those(figures, [&](std::size_t i) { return against[i]; }); !names.empty())
        return {Verdict::Kind::not_reproduced, names};
    const auto has_no_value = [](const Figure& f) { return !f.estimate; };
    for (const Figure& f : figures)
        if (!f.estimate && !f.detail.empty()) return {Verdict::Kind::inconclusive, f.what + ": " + f.detail};
    if (std::ranges::all_of(figures, has_no_value)) return {Verdict::Kind::not_attempted, kCellsMissing};
    if (std::ranges::any_of(figures, has_no_value)) return {Verdict::Kind::inconclusive, kCellsMissing};
    const std::string unclear =
        those(figures, [&](std::size_t i) { return !is_within_entirely(figures[i]); });
    if (unclear.empty()) return {Verdict::Kind::reproduced, ""};
    if (const std::string open = open_members(figures); !open.empty())
        return {Verdict::Kind::inconclusive, open};
    const std::string unknown = those(figures, [&](std::size_t i) {
        return !is_shown_only(figures[i]) && !figures[i].estimate->half_width();
    });
    if (!unknown.empty()) return {Verdict::Kind::inconclusive, "interval not known: " + unknown};
    return {Verdict::Kind::inconclusive, "too close to call: " + unclear};
}

namespace {
std::string value_text(const Estimate& estimate, const std::string& unit) {
    const auto half = estimate.half_width();
    std::string text = fmt::format("{:+.2f}", estimate.mean);
    if (!half) text += " ± ?";
    if (half && *half > 0) text += fmt::format(" ± {:.2f}", *half);
    return unit.empty() ? text : text + " " + unit;
}

/// "(one draw; resnet8 +0.10, resnet20 +0.60; the law: 75 %)", or nothing.
std::string bracket_text(const Figure& figure) {
    std::vector<std::string> parts, members;
    if (!figure.estimate->note.empty()) parts.push_back(figure.estimate->note);
    for (const Member& m : figure.members)
        members.push_back(fmt::format("{} {:+.2f}", m.name, m.estimate.mean));
    if (!members.empty()) parts.push_back(fmt::format("{}", fmt::join(members, ", ")));
    if (!figure.detail.empty()) parts.push_back(figure.detail);
    return parts.empty() ? "" : fmt::format(" ({})", fmt::join(parts, "; "));
}
}  // namespace

std::string to_string(const std::vector<Figure>& figures) {
    if (std::ranges::none_of(figures, [](const Figure& f) { return f.estimate.has_value(); }))
        return kMissing;
    std::vector<std::string> parts;
    for (const Figure& f : figures)
        parts.push_back(f.estimate ? f.what + " " + value_text(*f.estimate, f.unit) + bracket_text(f)
                                   : f.what + " " + kMissing);
    return fmt::format("{}", fmt::join(parts, "; "));
}

std::string to_string(Source source) {
    switch (source) {
        case Source::abstract:
            return "abstract";
        case Source::quoted:
            return "quoted";
        case Source::memory:
            return "our memory";
        case Source::inference:
            return "our inference";
        case Source::ours:
            break;
    }
    return "ours";
}

bool is_sourced(Source source) {
    return source == Source::abstract || source == Source::quoted;
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

std::vector<Claim> on_their_data(std::vector<Claim> claims, const Grid& grid, const std::string& profile) {
    const auto note = grid.measured_on.find(profile);
    if (note == grid.measured_on.end()) return claims;
    for (Claim& c : claims)
        if (!c.counted && c.verdict.kind != Verdict::Kind::not_attempted)
            c.verdict.why += (c.verdict.why.empty() ? "on " : "; on ") + note->second;
    return claims;
}

Table claims_summary(const std::vector<Claim>& claims) {
    Table table{{{"Claim", false},
                 {"The paper says", false, 0.18},
                 {"Source", false, 0.08},
                 {"Paper", false, 0.14},
                 {"Ours", false, 0.3},
                 {"Verdict", false, 0.12}},
                {}};
    for (const Claim& c : claims)
        table.rows.push_back({c.id, c.statement, to_string(c.source), c.paper, c.ours, to_string(c.verdict)});
    return table;
}

Table claims_verdicts(const std::vector<Claim>& claims) {
    Table table{{{"Claim", false}, {"Statement", false, 0.6}, {"Source", false}, {"Verdict", false}}, {}};
    for (const Claim& c : claims)
        table.rows.push_back(
            {c.id, c.statement, to_string(c.source), to_string(Verdict{c.verdict.kind, ""})});
    return table;
}

Table claims_table(const std::vector<Claim>& claims) {
    Table table{{{"claim", false},
                 {"statement", false},
                 {"source", false},
                 {"paper", false},
                 {"measure", false},
                 {"ours", false},
                 {"verdict", false},
                 {"command", false}},
                {}};
    for (const Claim& c : claims)
        table.rows.push_back({c.id, c.statement, to_string(c.source), c.paper, c.measure, c.ours,
                              to_string(c.verdict), c.command});
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
