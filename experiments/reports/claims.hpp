// What a paper claims beside what was measured here, with a verdict computed from the measurements.
//
// A claim says that some figures (differences between methods, say) lie in some range. A figure has a 95 %
// confidence interval (statistics.hpp). Often it is the mean of the same comparison on several networks, its
// members. It says
//
//     yes       its whole interval lies in the claimed range, and so does each member's own value
//     no        it lies outside, or a member does: tested one-sided at 2.5 % for all figures and members of the
//               claim together (Holm)
//     unclear   anything else, and a figure whose interval is not known
//
// and the claim is reproduced when all its figures say yes, not reproduced as soon as one says no, not
// attempted without a value for any, and inconclusive otherwise.
//
// Example: leads of +0.9 and -0.1 points on two networks, each ± 0.4, are claimed to be positive. The mean,
// +0.4 ± 0.3, is; the second network is not, but not clearly: unclear.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "experiments/runs/grid.hpp"
#include "experiments/support/statistics.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

/// One of the comparisons that a figure is the mean of.
struct Member {
    std::string name;  ///< of a network
    Estimate estimate;
    std::string open =
        {};  ///< why a value outside the range would not speak against the claim; empty: it would
};

struct Figure {
    std::string what;                  ///< "w8a8 - bf16"
    std::optional<Estimate> estimate;  ///< nothing: its cells are missing
    double low = 0,
           high = std::numeric_limits<double>::infinity();  ///< claimed: more than low, less than high
    std::vector<Member> members = {};
    std::string unit = "points";
    std::string detail = {};  ///< "the law: 75.00 %"; without a value, why there is none: "no cost in common"
};

/// A figure that is shown beside others and decides nothing.
Figure shown_only(Figure figure);

struct Verdict {
    enum class Kind { reproduced, not_reproduced, refuted_by_proof, inconclusive, not_attempted };
    Kind kind = Kind::not_attempted;
    std::string why = {};  ///< of all but the first, which may say on what data
};

/// "inconclusive: ..."
std::string to_string(const Verdict& verdict);

Verdict judge(const std::vector<Figure>& figures);

/// The rule of judge() in words, for Claim::measure.
inline const std::string kVerdictRule =
    "Reproduced when the mean over the networks is in the claimed range with its whole interval and each "
    "network's own value is, too; not reproduced when the mean or a network is outside: one-sided at 2.5 %, "
    "Holm over all figures of the claim.";

/// "w8a8 - bf16 +0.35 ± 0.12 points (one seed; resnet8 +0.10, resnet20 +0.60); ..."; kMissing for a figure
/// without a value and for figures none of which has any.
std::string to_string(const std::vector<Figure>& figures);

/// Where a statement comes from. None of the papers was at hand in full.
enum class Source {
    abstract,   ///< the paper's abstract
    quoted,     ///< read in its code, in another paper or in a review that quotes it
    memory,     ///< our memory of the paper
    inference,  ///< what we take it to imply
    ours        ///< our own claim
};
std::string to_string(Source source);
/// Claims that count when results are added up: those of the first two sources.
bool is_sourced(Source source);

struct Claim {
    std::string id;              ///< "aqt-1"
    std::string statement = {};  ///< the paper's, in our words
    Source source = Source::ours;
    std::string paper = {};    ///< its figure, or kUnknown
    std::string measure = {};  ///< how it is measured here, thresholds included
    std::string ours = {};
    Verdict verdict = {};
    std::string command = {};  ///< runs its cells again; empty: it has none
    bool counted = false;      ///< by shapes, whatever the data
};

inline constexpr const char* kUnknown = "unknown";
inline constexpr const char* kCellsMissing = "cells missing";

/// Runs every cell of these methods again and compares with their results.
std::string rerun_command(const std::string& experiment, const std::string& profile,
                          const std::vector<std::string>& methods);

/// What the claim says of itself, with `ours` and `verdict` from the figures.
Claim judged(Claim claim, const std::vector<Figure>& figures);

/// The same claims, their verdicts with what sets the profile's data and networks apart from the papers'
/// (grid.hpp); as they are where the grid says nothing.
std::vector<Claim> on_their_data(std::vector<Claim> claims, const Grid& grid, const std::string& profile);

/// A row a claim: the paper's figure, ours, the verdict.
Table claims_summary(const std::vector<Claim>& claims);
/// For print: where a statement comes from, and the kind of its verdict.
Table claims_verdicts(const std::vector<Claim>& claims);
/// Every field.
Table claims_table(const std::vector<Claim>& claims);
/// The summary, and below it how each claim is measured and which command runs its cells again.
std::string claims_markdown(const std::vector<Claim>& claims);

}  // namespace nibble
