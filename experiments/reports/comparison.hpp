// Comparisons: sums of factors times what results say, how sure they are (support/statistics.hpp; two ways), and their
// means over networks.
//
// With y_t(d) the value of term t in draw d (a seed, or calibration images) and f_t its factor, the mean is
// sum_t f_t mean_d y_t(d). Both ways add the variance over the test images, which is paired. They differ in the
// variance over the draws:
//
//     paired     s^2 / n    of the n sums z(d) = sum_t f_t y_t(d): for terms that share their draws
//     pooled     s^2 sum_t f_t^2 / n_t    with one s^2 for all networks and methods of the profile
//                (pooled_variance()): for few draws each, independent of one another
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "experiments/reports/claims.hpp"
#include "experiments/reports/result_table.hpp"

namespace nibble {

/// Of terms; nothing if a cell has no result.
using EstimateOf = std::function<std::optional<Estimate>(const Terms&)>;

/// Nothing for terms that have no draw in common. Both refer to the table.
EstimateOf paired(const ResultTable& table);
/// Nothing if a cell has no result or its result not the quantity. `test_images`: whether the quantity is an accuracy
/// on them; else only draws count.
EstimateOf pooled(const ResultTable& table, const Quantity& of = top1, bool test_images = true);

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

/// Top-1 of a minus that of b, mean over the networks that have both.
Figure compared(const ResultTable& table, const std::string& a, const std::string& b, double low,
                double high = std::numeric_limits<double>::infinity());
Figure compared(const ResultTable& table, const EstimateOf& estimate, const std::string& a,
                const std::string& b, double low, double high = std::numeric_limits<double>::infinity());

/// What the claim says of itself, with `command` from the methods, `ours` and `verdict` from the figures;
/// inconclusive while cells of these methods are missing, which could turn any verdict.
Claim judged_over(const ResultTable& table, const std::vector<std::string>& methods, Claim claim,
                  const std::vector<Figure>& figures);

}  // namespace nibble
