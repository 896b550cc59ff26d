#include "experiments/support/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace nibble {

namespace {

constexpr double kConfidence = 0.95;

double mean_of(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double squares_around_mean(std::span<const double> values) {
    const double mean = mean_of(values);
    return std::accumulate(values.begin(), values.end(), 0.0,
                           [&](double sum, double v) { return sum + (v - mean) * (v - mean); });
}

double quantile_of(double degrees, double probability) {
    if (std::isinf(degrees)) return boost::math::quantile(boost::math::normal(), probability);
    return boost::math::quantile(boost::math::students_t(degrees), probability);
}

}  // namespace

Variance operator+(Variance a, Variance b) {
    const double sum = a.value + b.value;
    if (sum == 0) return {};
    return {sum, sum * sum / (a.value * a.value / a.degrees + b.value * b.value / b.degrees)};
}

std::optional<double> Estimate::half_width() const {
    if (!variance) return std::nullopt;
    if (variance->value == 0) return 0.0;
    return quantile_of(variance->degrees, (1 + kConfidence) / 2) * std::sqrt(variance->value);
}

double probability_below(const Estimate& estimate, double value) {
    if (!estimate.variance) return 1;
    if (estimate.variance->value == 0) return estimate.mean <= value ? 0 : 1;
    const double t = (estimate.mean - value) / std::sqrt(estimate.variance->value);
    if (std::isinf(estimate.variance->degrees)) return boost::math::cdf(boost::math::normal(), t);
    return boost::math::cdf(boost::math::students_t(estimate.variance->degrees), t);
}

Summary summarize(std::span<const double> values) {
    if (values.empty()) return {};
    return {values.size(), mean_of(values),
            values.size() < 2 ? std::nullopt : Estimate{0, variance_of_mean(values)}.half_width()};
}

std::optional<Variance> variance_of_mean(std::span<const double> values) {
    if (values.size() < 2) return std::nullopt;
    const auto n = static_cast<double>(values.size());
    return Variance{squares_around_mean(values) / (n - 1) / n, n - 1};
}

std::optional<Variance> pooled_variance(std::span<const std::vector<double>> groups) {
    double squares = 0, degrees = 0;
    for (const auto& values : groups) {
        if (values.size() < 2) continue;
        squares += squares_around_mean(values);
        degrees += static_cast<double>(values.size() - 1);
    }
    if (degrees == 0) return std::nullopt;
    return Variance{squares / degrees, degrees};
}

std::optional<Variance> image_variance(std::span<const ImageTerm> terms) {
    std::vector<double> sums;
    double largest = 0;  // what an image can change the sum by
    for (const ImageTerm& term : terms) {
        largest = std::max(largest, 100 * std::abs(term.factor));
        for (const CorrectImages* correct : term.seeds) {
            if (sums.empty()) sums.resize(correct->size());
            if (correct->empty() || correct->size() != sums.size()) return std::nullopt;
            const double share = 100 * term.factor / static_cast<double>(term.seeds.size());
            for (std::size_t i = 0; i < sums.size(); ++i)
                if ((*correct)[i]) sums[i] += share;
        }
    }
    auto variance = variance_of_mean(sums);
    if (variance)
        variance->value += largest * largest / (variance->degrees * static_cast<double>(sums.size()));
    return variance;
}

std::vector<bool> holm(std::span<const double> probabilities, double alpha) {
    const std::size_t m = probabilities.size();
    std::vector<std::size_t> order(m);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return probabilities[i]; });
    std::vector<bool> rejected(m, false);
    for (std::size_t k = 0; k < m; ++k) {
        if (probabilities[order[k]] > alpha / static_cast<double>(m - k)) break;
        rejected[order[k]] = true;
    }
    return rejected;
}

}  // namespace nibble
