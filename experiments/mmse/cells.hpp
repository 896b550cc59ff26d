// The cells of one profile by network, method and calibration draw (seed), and what tables, plots and claims
// take from them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/quant/mmse/method.hpp"
#include "experiments/harness/report.hpp"

namespace nibble::mmse {

inline constexpr const char* kFloat = "f32";

class Cells {
  public:
    Cells(const std::string& profile, const std::vector<ReportedCell>& cells);

    const std::string& profile() const { return profile_; }
    /// As the grid lists them, with results or without.
    const std::vector<std::string>& networks() const { return networks_; }
    const std::vector<std::string>& methods() const { return methods_; }
    bool in_grid(const std::string& network, const std::string& method) const;

    /// Of one draw. A method in which no image has a say has one result, which stands for every draw.
    const Result* find(const std::string& network, const std::string& method, std::uint64_t seed) const;
    /// By draw.
    std::vector<const Result*> results(const std::string& network, const std::string& method) const;
    std::vector<double> top1(const std::string& network, const std::string& method) const;
    /// Top-1 of a minus that of b, in every draw that has both.
    std::vector<double> differences(const std::string& network, const std::string& a,
                                    const std::string& b) const;
    /// The last of the networks that has a result for all these methods; empty if none has.
    std::string largest_with(const std::vector<std::string>& methods) const;

  private:
    using Place = std::tuple<std::string, std::string>;  // network, method

    std::string profile_;
    std::vector<std::string> networks_, methods_;
    std::map<Place, std::map<std::uint64_t, Result>> results_;  // of all cells of the grid
};

/// Relative squared error of the weights over all layers of more than 0 bits, each layer counting alike: what
/// solvers are compared by. Layers with wide ends are left out.
double mean_weight_error(const Result& result);

/// "weights per tensor, max-abs": what a method's settings mean, bits aside.
std::string describe(const Method& method);

}  // namespace nibble::mmse
