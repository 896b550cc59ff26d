// What solvers find on standard distributions, against the distributions themselves: the expected squared
// error of a Gaussian and a Laplace variable in closed form, minimized by scanning.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/core/rng.hpp"
#include "engine/quant/mmse/solvers/solver.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::mmse {
namespace {

/// A symmetric density of variance 1 by its partial moments: integrals of p(x), x p(x), x^2 p(x) up to x.
using Moments = std::array<double, 3> (*)(double x);

const double kRoot2 = std::sqrt(2.0), kRoot2Pi = std::sqrt(2 * std::acos(-1.0));

std::array<double, 3> gaussian_moments(double x) {
    if (std::isinf(x)) return {x > 0 ? 1.0 : 0.0, 0.0, x > 0 ? 1.0 : 0.0};
    const double p = std::exp(-x * x / 2) / kRoot2Pi, below = std::erfc(-x / kRoot2) / 2;
    return {below, -p, below - x * p};
}

std::array<double, 3> laplace_moments(double x) {
    if (std::isinf(x)) return {x > 0 ? 1.0 : 0.0, 0.0, x > 0 ? 1.0 : 0.0};
    const double r = kRoot2, e = std::exp(-r * std::abs(x)) / 2;
    const double first = -e * (std::abs(x) + 1 / r), second = e * (x * x + 2 * std::abs(x) / r + 2 / (r * r));
    return x < 0 ? std::array{e, first, second} : std::array{1 - e, first, 1 - second};
}

/// E (x - alpha q(x / alpha))^2; with `relu`, of max(x, 0).
double expected_error(Moments moments, Codes codes, double alpha, bool relu) {
    double error = 0;
    const double infinity = std::numeric_limits<double>::infinity();
    for (int k = codes.lowest; k <= codes.highest; ++k) {
        double from = k == codes.lowest ? -infinity : (k - 0.5) * alpha;
        if (relu) from = std::max(from, 0.0);
        const auto a = moments(from);
        const auto b = moments(k == codes.highest ? infinity : (k + 0.5) * alpha);
        const double value = alpha * k;
        error += b[2] - a[2] - 2 * value * (b[1] - a[1]) + value * value * (b[0] - a[0]);
    }
    return error;
}

Scale expected_best(Moments moments, Codes codes, bool relu) {
    Scale best{0, 1e9};
    for (double alpha = 1.5; alpha > 0.01; alpha *= 0.9985) {
        const double error = expected_error(moments, codes, alpha, relu);
        if (error < best.error) best = {static_cast<float>(alpha), error};
    }
    return best;
}

/// The density itself, in cells of 1/4096 up to 24 standard deviations, as counts out of 2^40.
Distribution as_distribution(Moments moments, bool relu) {
    constexpr double kCell = 0x1p-12, kCounts = 0x1p40;
    std::vector<Distribution::Weighted> cells;
    if (relu) cells.push_back({0, 1ll << 39});
    for (double x = relu ? 0 : -24; x < 24; x += kCell) {
        // Of the tail beyond: differences near 1 would lose it.
        const double share =
            x < 0 ? moments(x + kCell)[0] - moments(x)[0] : moments(-x)[0] - moments(-x - kCell)[0];
        const auto count = std::llround(kCounts * share);
        if (count > 0) cells.push_back({static_cast<float>(x + kCell / 2), count, kCell * kCell / 12});
    }
    return Distribution(std::move(cells));
}

/// Expected alpha and error. To print a table like it, see expected_best.
struct Row {
    int bits;
    double alpha, error;
};

void check_rows(Moments moments, bool relu) {
    const Distribution t = as_distribution(moments, relu);
    CHECK(t.squared_norm().value() / static_cast<double>(t.all().count) ==
          doctest::Approx(relu ? 0.5 : 1).epsilon(1e-6));
    for (int bits = 2; bits <= 8; ++bits) {
        const int half = 1 << (bits - 1);
        const Codes codes = relu ? Codes{0, 2 * half - 1} : Codes{-half, half - 1};
        const Scale expected = expected_best(moments, codes, relu);
        for (const Solver solver : {Solver::exact, Solver::golden_section}) {
            const Scale found = solve(t, codes, solver, Signs::positive);
            CAPTURE(bits);
            CAPTURE(to_string(solver));
            CHECK(found.alpha == doctest::Approx(expected.alpha).epsilon(0.005));
            CHECK(found.error / static_cast<double>(t.all().count) ==
                  doctest::Approx(expected.error).epsilon(0.005));
        }
    }
}

TEST_CASE("oracles: Gaussian weights") {
    check_rows(gaussian_moments, false);
}
TEST_CASE("oracles: Laplace weights") {
    check_rows(laplace_moments, false);
}
TEST_CASE("oracles: Gaussian after ReLU") {
    check_rows(gaussian_moments, true);
}
TEST_CASE("oracles: Laplace after ReLU") {
    check_rows(laplace_moments, true);
}

}  // namespace
}  // namespace nibble::mmse
