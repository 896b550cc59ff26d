// What a paper claims beside what was measured here, with a verdict computed from the measurements.
//
// A claim says that some figures (differences between methods, say) lie in some range. Each figure has a
// value for each seed. Its interval is the 95 % confidence interval of the mean over the seeds, or, of a
// single seed, the value and a margin to both sides that the experiment states. The interval says
//
//     yes       it lies in the claimed range
//     no        it lies outside
//     unclear   it does both
//
// and the claim is reproduced when all its figures say yes, not reproduced as soon as one says no, not
// attempted without a value for any, and inconclusive otherwise.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "experiments/harness/table.hpp"

namespace nibble {

struct Figure {
    std::string what;            ///< "w8a8 - bf16 on resnet20"
    std::vector<double> values;  ///< one a seed; none: its cells are missing
    double low = 0,
           high = std::numeric_limits<double>::infinity();  ///< claimed: more than low, less than high
    double margin = 0;                                      ///< of a single seed
    std::string unit = "points";
    std::string detail = {};  ///< of what it is made: "(resnet8 +0.1, resnet20 +0.3)"
};

struct Verdict {
    enum class Kind { reproduced, not_reproduced, inconclusive, not_attempted };
    Kind kind;
    std::string why;  ///< of the last two, and which figures of the second
};

/// "inconclusive: ..."
std::string to_string(const Verdict& verdict);

Verdict judge(const std::vector<Figure>& figures);

/// "w8a8 - bf16 on resnet20 +0.35 ± 0.12 points (resnet8 +0.1); ..."; kMissing for a figure without values
/// and for figures none of which has any.
std::string to_string(const std::vector<Figure>& figures);

struct Claim {
    std::string id;         ///< "aqt-1"
    std::string statement;  ///< the paper's, in our words
    std::string paper;      ///< its figure, or kUnknown
    std::string measure;    ///< how it is measured here, thresholds included
    std::string ours;
    Verdict verdict;
    std::string command;      ///< runs its cells again; empty: it has none
    bool ours_alone = false;  ///< no paper claims it
};

inline constexpr const char* kUnknown = "unknown";
inline constexpr const char* kCellsMissing = "cells missing";

/// Runs every cell of these methods again and compares with their results.
std::string rerun_command(const std::string& experiment, const std::string& profile,
                          const std::vector<std::string>& methods);

/// What the claim says of itself, with `ours` and `verdict` from the figures.
Claim judged(Claim claim, const std::vector<Figure>& figures);

/// A row a claim: the paper's figure, ours, the verdict.
Table claims_summary(const std::vector<Claim>& claims);
/// The same with every field.
Table claims_table(const std::vector<Claim>& claims);
/// The summary, and below it how each claim is measured and which command runs its cells again.
std::string claims_markdown(const std::vector<Claim>& claims);

}  // namespace nibble
