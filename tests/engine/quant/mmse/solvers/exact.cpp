#include "engine/quant/mmse/solvers/exact.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/quant/mmse/solvers/solver.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::mmse {
namespace {

/// ||T - alpha q(T / alpha)||^2 as it is written, element by element.
long double plain_error(const std::vector<float>& t, Codes codes, float alpha) {
    long double error = 0;
    for (float v : t) {
        const long double left = v - static_cast<long double>(alpha) * code_of(v, alpha, codes);
        error += left * left;
    }
    return error;
}

/// The smallest error of all floats, from every piece: breakpoints in a list, between two neighbours the
/// codes of the middle, the vertex of their parabola, and the floats on both sides of it. Knows nothing of
/// running sums.
long double brute_force(const std::vector<float>& t, Codes codes) {
    constexpr long double kSmallest = std::numeric_limits<float>::min();
    const long double largest = storable(1e300, codes);
    std::vector<long double> breakpoints{0};
    for (float v : t)
        for (int k = codes.lowest; k < codes.highest; ++k)
            if (v / (k + 0.5L) > 0) breakpoints.push_back(v / (k + 0.5L));
    std::sort(breakpoints.begin(), breakpoints.end());
    breakpoints.push_back(breakpoints.back() * 2 + 1);
    long double best = plain_error(t, codes, 0);
    for (std::size_t i = 0; i + 1 < breakpoints.size(); ++i) {
        const long double inside = (breakpoints[i] + breakpoints[i + 1]) / 2;
        long double product = 0, energy = 0;
        for (float v : t) {
            const long double q =
                std::clamp(std::nearbyint(v / inside), static_cast<long double>(codes.lowest),
                           static_cast<long double>(codes.highest));
            product += q * v;
            energy += q * q;
        }
        if (energy == 0) continue;
        const auto vertex = static_cast<float>(std::clamp(product / energy, kSmallest, largest));
        for (float alpha : {vertex, std::nextafter(vertex, 0.0f), std::nextafter(vertex, 1e38f)})
            if (alpha >= kSmallest && alpha <= largest) best = std::min(best, plain_error(t, codes, alpha));
    }
    return best;
}

std::vector<Codes> all_codes() {
    std::vector<Codes> all{{-1, 1}, {0, 1}};
    for (int bits = 2; bits <= 8; ++bits) {
        const int half = 1 << (bits - 1);
        all.push_back({-half, half - 1});
        all.push_back({-half + 1, half});
        all.push_back({-half + 1, half - 1});
        all.push_back({0, 2 * half - 1});
    }
    return all;
}

constexpr double kRounding = 1e-12;
constexpr double kPrecision = 0x1p-90;  ///< of the error at 8 bits, relative to ||T||^2

TEST_CASE("exact solver: as good as every piece of small tensors, every bit width") {
    std::uint32_t stream = 0;
    for (const Codes codes : all_codes())
        for (int round = 0; round < 120; ++round) {
            const std::vector<float> t = test::random_tensor(++stream, codes.highest > 31 ? 8 : 24);
            const Scale found = exact(Distribution(t), codes);
            const long double error = plain_error(t, codes, found.alpha), best = brute_force(t, codes);
            CAPTURE(stream);
            CAPTURE(codes.lowest);
            CAPTURE(codes.highest);
            const long double slack = kPrecision * plain_error(t, codes, 0);
            CHECK(error <= best * (1 + kRounding) + slack);
            CHECK(best <= error * (1 + kRounding) + slack);
            CHECK(std::abs(found.error - error) <= kRounding * error + slack);
        }
}

TEST_CASE("exact solver: a dense scan of scales finds nothing better") {
    for (int bits = 2; bits <= 8; ++bits)
        for (std::uint32_t stream = 0; stream < 24; ++stream) {
            const std::vector<float> values = test::random_tensor(1000 + stream, 40);
            const Distribution t(values);
            const Codes codes{-(1 << (bits - 1)), (1 << (bits - 1)) - 1};
            const Scale found = exact(t, codes);
            for (int i = 1; i <= 4000; ++i) {
                const Scale other = evaluate(t, codes, storable(2.2 * t.magnitude() * i / 4000, codes));
                if (other.error < found.error)
                    FAIL_CHECK("stream " << stream << " bits " << bits << ": alpha " << other.alpha);
            }
        }
}

TEST_CASE("exact solver: never worse than any other, to the last bit") {
    std::uint32_t stream = 5000;
    for (const Codes codes : all_codes())
        for (int round = 0; round < 36; ++round) {
            const Distribution t(round % 12 ? test::random_tensor(++stream, 100)
                                            : test::laplace_values(1000, ++stream));
            const Scale found = exact(t, codes);
            // Where values of 60 orders of magnitude meet, errors themselves are rounded.
            const double norm = t.squared_norm().value(),
                         slack = found.error < 0x1p-40 * norm ? kPrecision * norm : 0;
            CAPTURE(stream);
            for (const Solver solver : kSolvers) {
                CAPTURE(to_string(solver));
                CHECK(found.error <= solve(t, codes, solver, Signs::positive).error + slack);
            }
            CHECK(solve(t, codes, Solver::exact, Signs::both).error <= found.error);
        }
}

TEST_CASE("exact solver: the bound leaves nearly all breakpoints alone") {
    const Distribution t(test::normal_values(100000, 1));
    ExactCost cost;
    exact(t, {-8, 7}, &cost);
    CHECK(cost.breakpoints < 2000);  // of 750,000
    CHECK(cost.intervals < 1000);
    CHECK(cost.scales < 100);
}

TEST_CASE("exact solver: by hand") {
    const auto solved = [](const std::vector<float>& t, Codes codes) {
        return exact(Distribution(t), codes);
    };
    // 1 and 2 as codes 1 and 2; of all scales without error the largest one.
    CHECK(solved({1, 2}, {-8, 7}).alpha == 1);
    CHECK(solved({1, 2}, {-8, 7}).error == 0);
    CHECK(solved({0.5f}, {-2, 1}).alpha == 0.5f);
    CHECK(solved({-3}, {-2, 1}).alpha == 3);
    // Codes 0 and 1: 3 and 4 share 3.5, 1 becomes 0.
    CHECK(solved({1, 3, 4}, {0, 1}).alpha == 3.5f);
    CHECK(solved({1, 3, 4}, {0, 1}).error == 1.5);
    // Unsigned codes have nothing for negative values.
    CHECK(solved({-1, -2}, {0, 15}).alpha == 0);
    CHECK(solved({-1, -2}, {0, 15}).error == 5);
    CHECK(solved({}, {-8, 7}).alpha == 0);
    CHECK(solved({0, -0.0f, 0}, {-8, 7}).alpha == 0);
    CHECK(solved({0, -0.0f, 0}, {-8, 7}).error == 0);
}

}  // namespace
}  // namespace nibble::mmse
