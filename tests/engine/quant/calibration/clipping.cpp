// The clipping thresholds of other methods: percentile, KL, ACIQ.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/quant/calibration/aciq.hpp"
#include "engine/quant/calibration/kl.hpp"
#include "engine/quant/calibration/percentile.hpp"
#include "tests/helpers/histogram.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble {
namespace {

std::vector<float> relu(std::vector<float> values) {
    for (float& v : values) v = std::max(v, 0.0f);
    return values;
}

TEST_CASE("percentile: the sorted magnitudes say the same, to a bin") {
    for (std::uint32_t stream = 0; stream < 4; ++stream) {
        std::vector<float> values = test::laplace_values(20000, stream);
        if (stream % 2) values = relu(values);
        const Histogram h = test::histogram_of(values);
        for (float& v : values) v = std::abs(v);
        std::sort(values.begin(), values.end());
        for (double percent : {50.0, 90.0, 99.0, 99.9, 99.99}) {
            const double exact = values[static_cast<std::size_t>(std::ceil(20000 * percent / 100)) - 1];
            const double found = percentile_threshold(h, percent);
            CHECK(found >= exact);
            CHECK(found <= exact + h.bin_width());
        }
        CHECK(percentile_threshold(h, 100) == values.back());
    }
    CHECK(percentile_threshold(test::histogram_of({0, 0, 0, 1}), 75) == 0);
    for (double bad : {0.0, -1.0, 100.1, std::numeric_limits<double>::quiet_NaN()})
        CHECK_THROWS_AS(percentile_threshold(test::histogram_of({1}), bad), BadInput);
    CHECK_THROWS_AS(percentile_threshold(Histogram{}, 99), BadInput);
}

/// The published steps one after the other, on arrays.
double plain_kl_threshold(std::vector<double> bins, double width, std::size_t levels) {
    double least = std::numeric_limits<double>::infinity();
    std::size_t best = 0;
    for (std::size_t i = levels; i <= bins.size(); ++i) {
        std::vector<double> p(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(i)), q(i, 0.0);
        std::vector<double> of_level(levels, 0.0), filled(levels, 0.0);
        for (std::size_t b = 0; b < i; ++b) {
            of_level[b * levels / i] += p[b];
            filled[b * levels / i] += p[b] > 0;
        }
        for (std::size_t b = 0; b < i; ++b)
            if (p[b] > 0) q[b] = of_level[b * levels / i] / filled[b * levels / i];
        for (std::size_t b = i; b < bins.size(); ++b) p[i - 1] += bins[b];
        double sum_p = 0, sum_q = 0, divergence = 0;
        for (double v : p) sum_p += v;
        for (double v : q) sum_q += v;
        for (std::size_t b = 0; b < i; ++b)
            if (p[b] > 0) divergence += p[b] / sum_p * std::log(p[b] / sum_p / (q[b] / sum_q));
        if (divergence < least - 1e-12) {
            least = divergence;
            best = i;
        }
    }
    return (static_cast<double>(best) + 0.5) * width;
}

TEST_CASE("KL: as the published steps find it") {
    for (const int bits : {4, 6, 8})
        for (const bool after_relu : {false, true}) {
            std::vector<float> values = test::laplace_values(5000, static_cast<std::uint32_t>(bits));
            if (after_relu) values = relu(values);
            const Histogram h = test::histogram_of(values);
            const std::vector<std::int64_t> magnitudes = h.magnitudes();
            std::vector<double> bins((magnitudes.size() + 1) / 2, 0.0);
            for (std::size_t b = 0; b < magnitudes.size(); ++b)
                bins[b / 2] += static_cast<double>(magnitudes[b]);
            const std::size_t levels = std::size_t{1} << (after_relu ? bits : bits - 1);
            CHECK(kl_threshold(h, bits) ==
                  doctest::Approx(plain_kl_threshold(bins, 2 * h.bin_width(), levels)));
        }
}

TEST_CASE("KL: zeros do not count, few bins are kept whole, an empty histogram is refused") {
    const std::vector<float> values = relu(test::normal_values(4000, 3));
    std::vector<float> more = values;
    more.resize(20000, 0.0f);
    CHECK(kl_threshold(test::histogram_of(values), 8) == kl_threshold(test::histogram_of(more), 8));
    CHECK(kl_threshold(test::histogram_of({0, 0}), 8) == 0);
    CHECK_THROWS_AS(kl_threshold(Histogram{}, 8), BadInput);
    CHECK_THROWS_AS(kl_threshold(test::histogram_of({1}), 9), BadInput);
}

TEST_CASE("ACIQ: the constants of the authors' code for 2 to 8 bits") {
    constexpr double kLaplace[] = {2.83068299, 3.89722946, 5.02864014, 6.20476633,
                                   7.41312622, 8.64561995, 9.89675982};
    for (int bits = 2; bits <= 8; ++bits)
        CHECK(aciq_ratio(bits) == doctest::Approx(kLaplace[bits - 2]).epsilon(1e-6));
    // For one-sided (exponential) activations the authors list the next one.
    CHECK(aciq_ratio(9) == doctest::Approx(11.16268502).epsilon(1e-6));
    CHECK_THROWS_AS(aciq_ratio(0), BadInput);
    CHECK_THROWS_AS(aciq_ratio(17), BadInput);
}

TEST_CASE("ACIQ: thresholds of samples from the density itself") {
    const std::vector<float> laplace = test::laplace_values(100000, 1);
    for (int bits = 2; bits <= 6; ++bits) {
        const double l = aciq_ratio(bits) / std::sqrt(2.0), l_relu = aciq_ratio(bits + 1) / std::sqrt(2.0);
        CHECK(aciq_threshold(test::histogram_of(laplace), bits) == doctest::Approx(l).epsilon(0.01));
        CHECK(aciq_threshold(test::histogram_of(relu(laplace)), bits) ==
              doctest::Approx(l_relu).epsilon(0.01));
    }
    // Never above the largest magnitude.
    CHECK(aciq_threshold(test::histogram_of({1, 1, 1}), 8) == 1);
    CHECK(aciq_threshold(test::histogram_of({0}), 8) == 0);
    CHECK_THROWS_AS(aciq_threshold(Histogram{}, 8), BadInput);
}

}  // namespace
}  // namespace nibble
