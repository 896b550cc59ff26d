// What all experiments of a profile say together.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "experiments/reports/best.hpp"
#include "experiments/reports/report.hpp"

namespace nibble {

namespace {

std::size_t count(const std::vector<Overview>& experiments, Verdict::Kind kind, bool sourced = true) {
    std::size_t n = 0;
    for (const Overview& e : experiments)
        n += static_cast<std::size_t>(std::count_if(e.claims.begin(), e.claims.end(), [&](const Claim& c) {
            return c.verdict.kind == kind && is_sourced(c.source) == sourced;
        }));
    return n;
}

/// By method, the results of one network.
using ByMethod = std::map<std::string, std::vector<const Result*>>;

/// Of the networks with most of these methods, the largest.
std::pair<std::string, ByMethod> most_complete(const std::vector<std::string>& methods,
                                               const std::vector<ReportedCell>& cells) {
    std::map<std::string, ByMethod> networks;
    for (const auto& [cell, result] : cells)
        if (result && std::find(methods.begin(), methods.end(), cell.method) != methods.end())
            networks[cell.model][cell.method].push_back(&*result);
    const auto rank = [](const ByMethod& network) {
        return std::pair(network.size(), network.begin()->second.front()->cost.macs);
    };
    const auto best = std::max_element(networks.begin(), networks.end(), [&](const auto& a, const auto& b) {
        return rank(a.second) < rank(b.second);
    });
    if (best == networks.end()) return {};
    return *best;
}

}  // namespace

Table headline_table(const std::vector<std::pair<Grid, std::vector<ReportedCell>>>& experiments) {
    Table table{{{"Experiment", false},
                 {"Network", false},
                 {"Method", false},
                 {"Executed as", false},
                 {"Top-1 (%)"},
                 {"Bits per weight"}},
                {}};
    for (const auto& [grid, cells] : experiments) {
        const auto [network, by_method] = most_complete(grid.headline, cells);
        for (const std::string& method : grid.headline) {
            const auto found = by_method.find(method);
            if (found == by_method.end()) continue;
            const Result& first = *found->second.front();
            std::vector<double> top1;
            for (const Result* r : found->second) top1.push_back(r->eval.top1);
            table.rows.push_back({grid.experiment, network, method,
                                  first.executed_as.substr(0, first.executed_as.rfind('-')),
                                  over_seeds(top1, 2), fmt::format("{:.2f}", first.bits_per_weight())});
        }
    }
    return table;
}

namespace {
std::string counts_text(const std::vector<Overview>& experiments, bool sourced) {
    const auto n = [&](Verdict::Kind kind) { return count(experiments, kind, sourced); };
    return fmt::format(
        "{} reproduced, {} not reproduced, {} refuted by proof, {} inconclusive, {} not attempted",
        n(Verdict::Kind::reproduced), n(Verdict::Kind::not_reproduced), n(Verdict::Kind::refuted_by_proof),
        n(Verdict::Kind::inconclusive), n(Verdict::Kind::not_attempted));
}
}  // namespace

std::string verdict_counts(const std::vector<Overview>& experiments) {
    return fmt::format("Claims from an abstract or quoted: {}. The others: {}.",
                       counts_text(experiments, true), counts_text(experiments, false));
}

std::vector<Overview> read_overview(const Project& project, const std::string& profile, const Reports& own,
                                    Refused& refused) {
    std::vector<Overview> experiments;
    for (const std::string& experiment : project.experiments()) {
        const Grid grid = project.grid(experiment);
        if (!grid.profiles.contains(profile)) continue;
        std::vector<ReportedCell> cells = read_cells(project, profile, grid, refused);
        if (std::none_of(cells.begin(), cells.end(), [](const auto& c) { return c.result.has_value(); }))
            continue;
        const std::vector<Claim> claims = report_of(own, experiment)(profile, grid, cells).claims;
        const auto note = grid.measured_on.find(profile);
        experiments.push_back({experiment, grid.title, claims, std::move(cells),
                               note == grid.measured_on.end() ? "" : note->second});
    }
    return experiments;
}

std::string data_sentence(const std::vector<Overview>& experiments) {
    const std::string papers = "The papers' figures are on ImageNet unless they say otherwise; ";
    for (const Overview& e : experiments)
        if (!e.measured_on.empty()) return papers + "ours are on " + e.measured_on + ".";
    return papers + "ours never are.";
}

std::string overview_markdown(const std::string& profile, const std::vector<Overview>& experiments) {
    std::string text = fmt::format(
        "# What the papers claim, and what was measured here\n\nProfile `{}`; `nibble report` makes this "
        "file from the results in this folder. {} None of the papers was at hand in full, so each claim says "
        "where it "
        "comes from: the paper's *abstract*; *quoted*, that is, read in its code, in another paper or in a "
        "review; *our memory* of the paper; *our inference*; or *ours*. Figures of a paper that nobody could "
        "read are {}.\n\nA verdict is computed from 95 % intervals over the draws (seeds, calibration "
        "images) and over the test images, paired (experiments/support/statistics.hpp). \"One draw\" means "
        "that the interval covers the test images alone; \"nothing drawn\", that there is nothing else to "
        "cover.\n\n{}\n",
        profile, data_sentence(experiments), kUnknown, verdict_counts(experiments));
    if (const std::vector<Best> best = best_of_networks(experiments); !best.empty())
        text += fmt::format(
            "\n## The best of each network\n\n{}\n\n{}\n![What the best method of each width "
            "loses]({}/best.svg)\n",
            kBestExplained, best_table(best).markdown(), profile);
    for (const Overview& e : experiments) {
        text += fmt::format("\n## {}\n\n", e.title);
        if (!e.claims.empty()) text += claims_summary(e.claims).markdown() + "\n";
        text += fmt::format(
            "Tables{2}: [{0}/{1}.md]({0}/{1}.md). What was done: "
            "[experiments/{1}](../experiments/{1}/README.md).\n",
            profile, e.experiment, e.claims.empty() ? " and plots" : ", plots, how each claim is measured");
        if (e.claims.empty()) continue;
        text +=
            "\nTo run the cells of a claim again and compare every bit (`nibble` is `build/release/nibble`; "
            "with `--evaluation`, networks that are kept beside their results are evaluated, not "
            "trained):\n\n```\n";
        for (const Claim& c : e.claims)
            if (!c.command.empty()) text += fmt::format("# {}\n{}\n", c.id, c.command);
        text += "```\n";
    }
    return text;
}

std::string latex_verdicts(const std::vector<Overview>& experiments) {
    const std::pair<const char*, Verdict::Kind> kinds[] = {{"reproduced", Verdict::Kind::reproduced},
                                                           {"not-reproduced", Verdict::Kind::not_reproduced},
                                                           {"refuted", Verdict::Kind::refuted_by_proof},
                                                           {"inconclusive", Verdict::Kind::inconclusive},
                                                           {"not-attempted", Verdict::Kind::not_attempted}};
    std::string text;
    for (const auto& [name, kind] : kinds)
        text += fmt::format("\\nibbleresult{{verdicts/{}}}{{{}}}\n", name, count(experiments, kind));
    return text;
}

std::string latex_results(const std::vector<ReportedCell>& cells) {
    std::string text;
    const auto add = [&](const Result& r, const char* what, const std::string& value) {
        text += fmt::format("\\nibbleresult{{{}/{}}}{{{}}}\n", r.cell, what, value);
    };
    for (const auto& [cell, result] : cells) {
        if (!result) continue;
        const Result& r = *result;
        add(r, "top1", fmt::format("{:.2f}", r.eval.top1));
        add(r, "executed-as", r.executed_as);
        if (r.quantization)
            add(r, "bits-per-weight", fmt::format("{:.2f}", r.quantization->bits_per_weight));
        else
            add(r, "gap", fmt::format("{:.2f}", r.generalization_gap()));
    }
    return text;
}

}  // namespace nibble
