// How sure a figure is: means over seeds, differences over the test images, and many comparisons at once.
//
// A figure here is a sum over cells of factors times accuracies, for example "top-1 of a minus top-1 of b". Two
// things could have been drawn otherwise, and their variances add up:
//
//     draws     seeds of training, or draws of calibration images. Of n values with standard deviation s the
//               mean has the variance s^2 / n, with n - 1 degrees of freedom
//     images    the test images. With c_t(i) = 1 where cell t classifies image i correctly (mean over seeds) and
//               e(i) = sum_t factor_t c_t(i), the mean of e over N images has the variance s_e^2 / N. Images that
//               both cells get right, or both wrong, add nothing: for a - b this is McNemar's comparison
//               ("Note on the sampling error of the difference between correlated proportions or percentages",
//               1947) in its form with a variance. One image more than were seen counts as telling the cells
//               apart, so that two networks that agree on all images are not exactly equal
//
// Degrees of freedom of a sum of variances are Welch's and Satterthwaite's (Satterthwaite, "An approximate
// distribution of estimates of variance components", 1946).
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiments/support/correct_images.hpp"

namespace nibble {

/// Of a mean, and its degrees of freedom. 0: the mean is exact, such as a count.
struct Variance {
    double value = 0, degrees = std::numeric_limits<double>::infinity();
};
Variance operator+(Variance a, Variance b);

struct Estimate {
    double mean = 0;
    std::optional<Variance> variance = Variance{};  ///< nothing: unknown
    std::string note = {};                          ///< what the interval does not cover: "one draw"

    /// Half the width of the 95 % confidence interval (Student's t); nothing if the variance is unknown.
    std::optional<double> half_width() const;
};

/// The probability of a mean as low as this one or lower, were the true one `value`.
double probability_below(const Estimate& estimate, double value);

struct Summary {
    std::size_t count = 0;
    double mean = 0;                   ///< meaningless when count is 0
    std::optional<double> half_width;  ///< of the 95 % interval of the mean over draws; from 2 values on
};
Summary summarize(std::span<const double> values);

/// Of the mean of these values; nothing of fewer than two.
std::optional<Variance> variance_of_mean(std::span<const double> values);

/// Of one result, pooled over groups of results that differ in their seed alone, as if all groups had the same:
/// sum over groups and values (x - mean of its group)^2, over the sum of (values - 1). Nothing if no group has
/// two values.
std::optional<Variance> pooled_variance(std::span<const std::vector<double>> groups);

/// A summand: a cell, or cells that differ in their seed alone, times a factor.
struct ImageTerm {
    double factor = 1;
    std::vector<const CorrectImages*> seeds;
};
/// Of sum_t factor_t accuracy_t in squared percentage points. Nothing unless all terms know the same images.
std::optional<Variance> image_variance(std::span<const ImageTerm> terms);

/// Which hypotheses are rejected at the family-wise level alpha (Holm, "A simple sequentially rejective multiple
/// test procedure", 1979): the k-th smallest of m probabilities, from 0, is compared with alpha / (m - k), and
/// the first that is larger ends it.
std::vector<bool> holm(std::span<const double> probabilities, double alpha);

}  // namespace nibble
