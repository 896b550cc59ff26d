// Comparisons: linear combinations of results (accuracy of a minus that of b), their uncertainty by two estimators
// (support/statistics.hpp), and their means over networks.
//
// Term t has the value y_t(d) in draw d (a seed, or a choice of calibration images), n_t draws and the factor f_t; the mean is
// sum_t f_t mean_d y_t(d). The variance over the test images is that of their joint outcomes, since all terms see the
// same images. The estimators differ in the variance over draws:
//
//     paired     s^2 / n, s^2 the sample variance of the n sums z(d) = sum_t f_t y_t(d): use it when all terms
//                share their draws
//     pooled     s^2 sum_t f_t^2 / n_t, one s^2 for all networks and methods of the profile (pooled_variance()):
//                use it when each term has few, independent draws
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "experiments/reports/claims.hpp"
#include "experiments/reports/result_table.hpp"

namespace nibble {

/// Estimates a combination of terms; nullopt if a cell has no result.
using EstimateOf = std::function<std::optional<Estimate>(const Terms&)>;

/// Returns nullopt if the terms share no draw. This estimator and the next keep a reference to the table.
EstimateOf paired(const ResultTable& table);
/// Returns nullopt if a cell has no result, or its result lacks the quantity. `test_images`: true if the quantity is an
/// accuracy on the test images, whose variance then counts, too.
EstimateOf pooled(const ResultTable& table, const Quantity& of = top1, bool test_images = true);

/// Each network becomes one member of the figure, whose estimate is the mean over members. Networks without results are
/// left out. `low` and `high` bound what the paper claims, in the unit of the quantity (percentage points).
Figure mean_over(const std::string& what, const std::vector<std::string>& networks,
                 const std::function<Terms(const std::string&)>& terms_of, const EstimateOf& estimate,
                 double low, double high = std::numeric_limits<double>::infinity());

/// The same for members that are not simply networks; each supplies its own terms.
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

/// Returns the claim with `command` derived from the methods, `ours` and `verdict` from the figures. The verdict is
/// inconclusive while cells of these methods are missing, since they could reverse it.
Claim judged_over(const ResultTable& table, const std::vector<std::string>& methods, Claim claim,
                  const std::vector<Figure>& figures);

}  // namespace nibble
