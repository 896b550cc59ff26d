// Comparisons of cells: sums of factors times what results say, and their mean over networks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/reports/claims.hpp"

namespace nibble {

/// One summand of what is compared: the mean over the seeds of a network under a method.
struct Term {
    std::string network, method;
    double factor = 1;
};
using Terms = std::vector<Term>;

/// Top-1 of a minus that of b.
Terms difference(const std::string& network, const std::string& a, const std::string& b);

/// Of terms; nothing if a cell has no result.
using EstimateOf = std::function<std::optional<Estimate>(const Terms&)>;

/// The terms of each network make a member of the figure; its estimate is that of their mean. Networks without
/// results are left out.
Figure mean_over(const std::string& what, const std::vector<std::string>& networks,
                 const std::function<Terms(const std::string&)>& terms_of, const EstimateOf& estimate,
                 double low, double high = std::numeric_limits<double>::infinity());

/// As above, where members are more than networks: each has its terms already.
struct Part {
    std::string name;
    Terms terms;
    std::string open = {};  ///< Member::open
};
Figure mean_of(const std::string& what, const std::vector<Part>& parts, const EstimateOf& estimate,
               double low, double high = std::numeric_limits<double>::infinity());

}  // namespace nibble
