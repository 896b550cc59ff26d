#include "engine/core/math.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/core/rng.hpp"

using namespace nibble;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// |got - want| in units in the last place of a double of the size of `want`.
double ulps(double got, long double want) {
    if (want == 0) return got == 0 ? 0 : kInfinity;
    const long double unit =
        std::ldexp(1.0L, std::ilogb(want) - 52);  // may be too small for a flushed double
    return static_cast<double>(std::abs(got - want) / unit);
}

/// A double drawn evenly from [low, high).
double between(Random& random, double low, double high) {
    const double u = (static_cast<double>(random.bits()) + random.uniform()) * 0x1p-32;
    return low + u * (high - low);
}

// x87's 64-bit mantissa leaves the reference eleven bits to spare.
static_assert(std::numeric_limits<long double>::digits >= 64);

}  // namespace

TEST_CASE("exact_exp is within 2 ulp of e^x") {
    Random random(1, Purpose::test);
    double worst = 0;
    for (const double range : {1e-8, 0.5, 10.0, 700.0})
        for (int i = 0; i < 50000; ++i) {
            const double x = between(random, -range, range);
            worst = std::max(worst, ulps(exact_exp(x), std::exp(static_cast<long double>(x))));
        }
    for (const double x : {-708.0, -707.99, 709.0, 709.7})
        worst = std::max(worst, ulps(exact_exp(x), std::exp(static_cast<long double>(x))));
    MESSAGE("worst error of exact_exp: " << worst << " ulp");
    CHECK(worst <= 2.0);
}

TEST_CASE("exact_exp at its edges") {
    CHECK(exact_exp(0.0) == 1.0);
    CHECK(exact_exp(-0.0) == 1.0);
    CHECK(exact_exp(-708.5) == 0.0);
    CHECK(exact_exp(-kInfinity) == 0.0);
    CHECK(exact_exp(710.0) == kInfinity);
    CHECK(exact_exp(kInfinity) == kInfinity);
    CHECK(std::isnan(exact_exp(kNan)));
}

TEST_CASE("exact_log is within 2 ulp of ln x") {
    Random random(2, Purpose::test);
    double worst = 0;
    const auto check = [&](double x) {
        worst = std::max(worst, ulps(exact_log(x), std::log(static_cast<long double>(x))));
    };
    for (int i = 0; i < 100000; ++i) {
        check(between(random, 0.5, 2.0));
        check(1.0 + between(random, -1e-6, 1e-6));
        check(std::ldexp(between(random, 1.0, 2.0), static_cast<int>(random.below(2044)) - 1021));
    }
    for (const double x : {std::numeric_limits<double>::min(), std::numeric_limits<double>::max(),
                           std::numbers::sqrt2, std::nextafter(1.0, 0.0), std::nextafter(1.0, 2.0)})
        check(x);
    MESSAGE("worst error of exact_log: " << worst << " ulp");
    CHECK(worst <= 2.0);
}

TEST_CASE("exact_log at its edges") {
    CHECK(exact_log(1.0) == 0.0);
    CHECK(exact_log(0.0) == -kInfinity);
    CHECK(exact_log(kInfinity) == kInfinity);
    CHECK(std::isnan(exact_log(-1.0)));
    CHECK(std::isnan(exact_log(kNan)));
}

TEST_CASE("exact_cos_pi is within 2 ulp of cos(pi x)") {
    Random random(3, Purpose::test);
    double worst = 0;
    const auto check = [&](double x) {
        // cos(pi r) = sin(pi (1/2 - r)): the subtraction is exact, so the reference keeps its digits near the
        // zeros.
        long double r = std::abs(std::fmod(static_cast<long double>(x), 2.0L));
        if (r > 1) r = 2 - r;
        const long double want = std::sin(std::numbers::pi_v<long double> * (0.5L - r));
        worst = std::max(worst, ulps(exact_cos_pi(x), want));
    };
    for (int i = 0; i < 100000; ++i) {
        check(between(random, 0.0, 1.0));
        check(0.5 + between(random, -1e-6, 1e-6));
        check(between(random, -1e6, 1e6));
    }
    MESSAGE("worst error of exact_cos_pi: " << worst << " ulp");
    CHECK(worst <= 2.0);
}

TEST_CASE("exact_cos_pi at multiples of a half") {
    for (double n : {0.0, 2.0, -2.0, 2147483646.0}) {
        CHECK(exact_cos_pi(n) == 1.0);
        CHECK(exact_cos_pi(n + 0.5) == 0.0);
        CHECK(exact_cos_pi(n + 1.0) == -1.0);
        CHECK(exact_cos_pi(n + 1.5) == 0.0);
    }
}

TEST_CASE("larger: the first of equals, NaN wherever it is") {
    CHECK(larger(1.0f, 2.0f) == 2.0f);
    CHECK(larger(2.0f, 1.0f) == 2.0f);
    CHECK(std::signbit(larger(-0.0f, 0.0f)));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(larger(nan, 1.0f)));
    CHECK(std::isnan(larger(1.0f, nan)));
    CHECK(larger<std::uint8_t>(200, 100) == 200);
}
