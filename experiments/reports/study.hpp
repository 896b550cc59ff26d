// The cells of one profile by network, method and seed, as tables, plots and claims ask for them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/reports/comparison.hpp"
#include "experiments/reports/report.hpp"

namespace nibble {

std::optional<double> top1(const Result& result);

class Study {
  public:
    /// What is asked of a result; one may not have it.
    using Quantity = std::function<std::optional<double>(const Result&)>;

    Study(const std::string& profile, const std::vector<ReportedCell>& cells);

    const std::string& experiment() const { return experiment_; }
    const std::string& profile() const { return profile_; }
    /// As the grid lists them, with results or without.
    const std::vector<std::string>& networks() const { return networks_; }
    const std::vector<std::string>& methods() const { return methods_; }
    bool in_grid(const std::string& network, const std::string& method) const;

    /// Of one seed. A method that the grid lists with one seed has one result, which stands for every seed.
    const Result* find(const std::string& network, const std::string& method, std::uint64_t seed) const;
    /// By seed.
    std::vector<const Result*> results(const std::string& network, const std::string& method) const;
    /// Of each result that has it.
    std::vector<double> values(const std::string& network, const std::string& method,
                               const Quantity& of = top1) const;
    /// The terms' values times their factors, added up, in every seed that has them all.
    std::vector<double> sums(const Terms& terms, const Quantity& of = top1) const;
    /// Of accuracies: the mean of sums(), with the variance over draws and over the test images. Nothing if a
    /// term has no result.
    std::optional<Estimate> estimate(const Terms& terms) const;
    /// Of a minus of b, in every seed that has both.
    std::vector<double> differences(const std::string& network, const std::string& a, const std::string& b,
                                    const Quantity& of = top1) const;
    /// The networks whose cells of all these methods are in the grid.
    std::vector<std::string> networks_with(const std::vector<std::string>& methods) const;
    /// Of the cells of these methods on networks with at least two of them: how many there are, and how many
    /// have no result.
    struct Coverage {
        std::size_t cells = 0, missing = 0;
    };
    Coverage coverage(const std::vector<std::string>& methods) const;
    /// Of the networks that have results for all these methods, that with the most multiplications; empty if
    /// none has.
    std::string largest_with(const std::vector<std::string>& methods) const;

  private:
    struct Place {
        std::vector<std::uint64_t> seeds;  ///< in the grid
        std::map<std::uint64_t, Result> results;
    };

    std::string experiment_, profile_;
    std::vector<std::string> networks_, methods_;
    std::map<std::pair<std::string, std::string>, Place> places_;  ///< by network and method
};

/// What the claim says of itself, with `command` from the methods, `ours` and `verdict` from the figures;
/// inconclusive while cells of these methods are missing, which could turn any verdict.
Claim judged_over(const Study& study, const std::vector<std::string>& methods, Claim claim,
                  const std::vector<Figure>& figures);

/// Top-1 of a minus that of b, mean over the networks that the grid has for both.
Figure compared(const Study& study, const std::string& a, const std::string& b, double low,
                double high = std::numeric_limits<double>::infinity());

/// A fact that a quantization after training reports.
Study::Quantity fact(const std::string& name);

}  // namespace nibble
