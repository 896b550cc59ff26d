#include "experiments/support/statistics.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace nibble;
using doctest::Approx;

TEST_CASE("means over seeds have Student's interval") {
    const std::vector<double> three{1, 2, 3}, one{4};
    const Summary s = summarize(three);
    CHECK(s.count == 3);
    CHECK(s.mean == 2);
    CHECK(*s.half_width == Approx(4.3027 / std::sqrt(3.0)).epsilon(1e-4));  // t of 2 degrees, s = 1
    CHECK_FALSE(summarize(one).half_width);
    CHECK(summarize({}).count == 0);
}

TEST_CASE("variances add up, their degrees of freedom by Satterthwaite") {
    const Variance sum = Variance{1, 2} + Variance{3, 6};
    CHECK(sum.value == 4);
    CHECK(sum.degrees == Approx(16.0 / (1.0 / 2 + 9.0 / 6)));
    const Variance exact = Variance{} + Variance{};
    CHECK(exact.value == 0);
    const Variance one = Variance{} + Variance{3, 6};
    CHECK(one.value == 3);
    CHECK(one.degrees == Approx(6));
    CHECK(*Estimate{5, Variance{4, std::numeric_limits<double>::infinity()}}.half_width() ==
          Approx(1.95996 * 2).epsilon(1e-5));
    CHECK(*Estimate{5}.half_width() == 0);
    CHECK_FALSE(Estimate{5, std::nullopt}.half_width());
}

TEST_CASE("pooled over groups: squares within them over degrees of freedom") {
    const std::vector<std::vector<double>> groups{{1, 3}, {10, 10, 13}, {7}};
    const auto pooled = pooled_variance(groups);
    REQUIRE(pooled);
    CHECK(pooled->value == Approx((2.0 + 6.0) / 3));  // (1 + 1) + (1 + 1 + 4)
    CHECK(pooled->degrees == 3);
    const std::vector<std::vector<double>> single{{1}, {2}};
    CHECK_FALSE(pooled_variance(single));
}

TEST_CASE("images: only those on which two cells differ count") {
    CorrectImages a(100), b(100);
    for (std::size_t i = 0; i < 90; ++i) a[i] = b[i] = true;
    a[90] = a[91] = a[92] = b[93] = true;  // 3 against 1
    const std::vector<ImageTerm> terms{{1, {&a}}, {-1, {&b}}};
    const auto v = image_variance(terms);
    REQUIRE(v);
    // e is 1 three times, -1 once, else 0: mean 0.02, sum of squares 4, and one image more
    CHECK(v->value == Approx(1e4 * (4 - 100 * 0.02 * 0.02 + 1) / 99 / 100));
    CHECK(v->degrees == 99);
    const std::vector<ImageTerm> same{{1, {&a}}, {-1, {&a}}},
        seeds{{1, {&a, &b}}, {-0.5, {&a}}, {-0.5, {&b}}};
    const double one_image = 1e4 / 99 / 100;
    CHECK(image_variance(same)->value == Approx(one_image));
    CHECK(image_variance(seeds)->value == Approx(one_image));
    const CorrectImages none, fewer(50);
    const std::vector<ImageTerm> unknown{{1, {&a}}, {-1, {&none}}}, unequal{{1, {&a}}, {-1, {&fewer}}};
    CHECK_FALSE(image_variance(unknown));
    CHECK_FALSE(image_variance(unequal));
    CHECK_FALSE(image_variance({}));
}

TEST_CASE("probabilities: one-sided, by Student's t") {
    CHECK(probability_below({0, Variance{1, 4}}, 0) == Approx(0.5));
    CHECK(probability_below({-2.1318, Variance{1, 4}}, 0) == Approx(0.05).epsilon(1e-3));
    CHECK(probability_below({1 - 1.6449 * 2, Variance{4}}, 1) == Approx(0.05).epsilon(1e-3));
    CHECK(probability_below({-1}, 0) == 0);
    CHECK(probability_below({0}, 0) == 0);  // exactly there is not above
    CHECK(probability_below({1}, 0) == 1);
    CHECK(probability_below({-100, std::nullopt}, 0) == 1);
}

TEST_CASE("Holm: smallest first, until one does not hold") {
    const auto rejected = [](const std::vector<double>& p) { return holm(p, 0.05); };
    CHECK(rejected({0.01, 0.04, 0.03, 0.005}) == std::vector<bool>{true, false, false, true});
    CHECK(rejected({0.01, 0.02, 0.012, 0.005}) == std::vector<bool>{true, true, true, true});
    CHECK(rejected({0.02, 0.001, 0.9}) == std::vector<bool>{true, true, false});
    CHECK(rejected({0.03, 0.03}) == std::vector<bool>{false, false});
    CHECK(rejected({}).empty());
}
