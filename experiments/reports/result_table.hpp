// The results of one profile by network, method and seed, as tables, plots and claims ask for them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "experiments/runs/project.hpp"
#include "experiments/runs/result.hpp"

namespace nibble {

/// A cell of the grid and its result, if there is one.
struct ReportedCell {
    Cell cell;
    std::optional<Result> result;
};

/// A line each for results that are there but cannot be used: unreadable, malformed, or under another cell's
/// name.
using Refused = std::set<std::string>;

/// In the order of the grid; a result that is refused counts as missing.
std::vector<ReportedCell> read_cells(const Project& project, const std::string& profile, const Grid& grid,
                                     Refused& refused);

/// What is asked of a result; one may not have it.
using Quantity = std::function<std::optional<double>(const Result&)>;
std::optional<double> top1(const Result& result);
/// A fact that a quantization after training reports.
Quantity fact(const std::string& name);

/// A summand: the mean over the seeds of a network under a method, times a factor.
struct Term {
    std::string network, method;
    double factor = 1;
};
using Terms = std::vector<Term>;

/// Of a minus of b.
Terms difference(const std::string& network, const std::string& a, const std::string& b);

/// Which results of several methods belong together.
enum class Pairing {
    same_seed,      ///< those of the same seed
    single_for_all  ///< the same; and where the grid lists a method with one seed, since nothing in it is drawn,
                    ///< its result belongs to every seed of the others
};

class ResultTable {
  public:
    /// Throws BadInput when the cells are of more than one data set, which no table may mix.
    ResultTable(const std::string& profile, const std::vector<ReportedCell>& cells);

    const std::string& experiment() const { return experiment_; }
    const std::string& profile() const { return profile_; }
    const std::string& data() const { return data_; }
    /// As the grid lists them, with results or without.
    const std::vector<std::string>& networks() const { return networks_; }
    const std::vector<std::string>& methods() const { return methods_; }
    bool in_grid(const std::string& network, const std::string& method) const;

    /// By seed.
    std::vector<const Result*> results(const std::string& network, const std::string& method) const;
    /// Of each result that has it.
    std::vector<double> values(const std::string& network, const std::string& method,
                               const Quantity& of = top1) const;
    /// The terms' values times their factors, added up, for each seed that has them all.
    std::vector<double> sums(const Terms& terms, const Quantity& of = top1,
                             Pairing pairing = Pairing::single_for_all) const;
    /// Of a minus of b, for each seed that has both.
    std::vector<double> differences(const std::string& network, const std::string& a, const std::string& b,
                                    const Quantity& of = top1,
                                    Pairing pairing = Pairing::single_for_all) const;

    /// The networks whose cells of all these methods are in the grid, or have results.
    std::vector<std::string> networks_in_grid(const std::vector<std::string>& methods) const;
    std::vector<std::string> networks_with_results(const std::vector<std::string>& methods) const;
    /// Of networks_with_results() that with the most multiplications; empty if there is none.
    std::string largest_with(const std::vector<std::string>& methods) const;
    /// Of the cells of these methods on networks with at least two of them: how many there are, and how many
    /// have no result.
    struct Coverage {
        std::size_t cells = 0, missing = 0;
    };
    Coverage coverage(const std::vector<std::string>& methods) const;

  private:
    struct Place {
        std::vector<std::uint64_t> seeds;  ///< in the grid
        std::map<std::uint64_t, Result> results;
    };
    const Place* place(const std::string& network, const std::string& method) const;
    const Result* find(const Term& term, std::uint64_t seed, Pairing pairing) const;

    std::string experiment_, profile_, data_;
    std::vector<std::string> networks_, methods_;
    std::map<std::pair<std::string, std::string>, Place> places_;  ///< by network and method
};

}  // namespace nibble
