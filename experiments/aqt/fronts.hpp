// What a method reaches at a given cost: its networks as a curve in the plane of cost and accuracy, as terms that
// a comparison can add up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/aqt/methods.hpp"
#include "experiments/reports/comparison.hpp"

namespace nibble::aqt {

class Front {
  public:
    /// The Pareto front of the networks that have results of `method`, by their means over seeds.
    Front(const ResultTable& table, const std::string& method, CostModel model);

    const std::vector<std::string>& networks() const { return networks_; }  ///< by rising cost

    /// The accuracy at a cost: linear in the logarithm of the cost between two networks. Nothing below the
    /// cheapest. Beyond the most expensive one that one's, a lower bound; then `open` says that the curve ends.
    struct Reached {
        Terms terms;
        std::string open;
    };
    std::optional<Reached> at(double cost) const;
    /// The most accurate network that costs less; `open` if it is the last of the front. Nothing if none does.
    std::optional<Reached> below(double cost) const;

  private:
    std::string end_text(double cost) const;

    std::string method_;
    std::vector<std::string> networks_;
    std::vector<double> costs_;
};

/// How far the front of one method is above the networks on the front of another, at equal cost: a mean over
/// those networks whose cost it reaches.
Figure lead_at_equal_cost(const ResultTable& table, const std::string& method, const std::string& other,
                          CostModel model);

/// "linear", "quadratic"
std::string to_string(CostModel model);

}  // namespace nibble::aqt
