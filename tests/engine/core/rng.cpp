#include "engine/core/rng.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

using namespace nibble;

namespace {

using Counter = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

/// Pearson's statistic of observed counts against equal expectation.
double chi_square(const std::vector<double>& observed, double total) {
    const double expected = total / static_cast<double>(observed.size());
    double sum = 0;
    for (double o : observed) sum += (o - expected) * (o - expected) / expected;
    return sum;
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the known answers of the Random123 distribution") {
    const std::uint32_t ones = 0xffffffff;
    CHECK(philox4x32(Counter{0, 0, 0, 0}, Key{0, 0}) ==
          Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox4x32(Counter{ones, ones, ones, ones}, Key{ones, ones}) ==
          Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox4x32(Counter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, Key{0xa4093822, 0x299f31d0}) ==
          Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream is Philox at (position, index, epoch, purpose) under the seed") {
    const std::uint64_t seed = 0x0123456789abcdef;
    Random random(seed, Purpose::test, 7, 9);
    const Key key{0x89abcdef, 0x01234567};
    for (std::uint32_t block = 0; block < 3; ++block)
        for (std::uint32_t word : philox4x32(Counter{block, 9, 7, 5}, key)) CHECK(random.bits() == word);
}

TEST_CASE("streams differ in every part of their name") {
    std::set<std::uint32_t> first;
    first.insert(Random(1, Purpose::init, 0, 0).bits());
    first.insert(Random(2, Purpose::init, 0, 0).bits());
    first.insert(Random(std::uint64_t{1} << 32, Purpose::init, 0, 0).bits());
    first.insert(Random(1, Purpose::shuffle, 0, 0).bits());
    first.insert(Random(1, Purpose::init, 1, 0).bits());
    first.insert(Random(1, Purpose::init, 0, 1).bits());
    CHECK(first.size() == 6);
}

TEST_CASE("uniform numbers lie in [0, 1) with the moments of the uniform distribution") {
    Random random(3, Purpose::test);
    const int n = 1 << 20;
    double sum = 0, squares = 0, low = 1, high = 0;
    for (int i = 0; i < n; ++i) {
        const double u = random.uniform();
        sum += u;
        squares += u * u;
        low = std::min(low, u);
        high = std::max(high, u);
    }
    CHECK(low >= 0.0);
    CHECK(high < 1.0);
    CHECK(low < 1e-5);
    CHECK(high > 1 - 1e-5);
    // Four standard errors of the mean: 4 sqrt(1/12 / n), and of the mean square: 4 sqrt(4/45 / n).
    CHECK(std::abs(sum / n - 1.0 / 2) < 4 * std::sqrt(1.0 / 12 / n));
    CHECK(std::abs(squares / n - 1.0 / 3) < 4 * std::sqrt(4.0 / 45 / n));
}

TEST_CASE("normal numbers follow the normal distribution function") {
    Random random(4, Purpose::test);
    const int n = 200000;
    std::vector<double> x(n);
    double sum = 0, squares = 0, fourth = 0;
    for (double& v : x) {
        v = random.normal();
        sum += v;
        squares += v * v;
        fourth += v * v * v * v;
    }
    CHECK(std::abs(sum / n) < 4 / std::sqrt(n));
    CHECK(std::abs(squares / n - 1) < 4 * std::sqrt(2.0 / n));
    CHECK(std::abs(fourth / n - 3) < 4 * std::sqrt(96.0 / n));
    // Kolmogorov-Smirnov: the largest gap between the sample's and the true distribution function.
    std::sort(x.begin(), x.end());
    double gap = 0;
    for (int i = 0; i < n; ++i) {
        const double p = 0.5 * std::erfc(-x[i] / std::sqrt(2.0));
        gap = std::max({gap, std::abs(p - static_cast<double>(i) / n), std::abs(p - (i + 1.0) / n)});
    }
    CHECK(gap * std::sqrt(n) < 1.95);  // exceeded by chance once in a thousand
}

TEST_CASE("below(n) is unbiased, also where 2^32 / n is far from whole") {
    Random random(5, Purpose::test);
    const int n = 60000;
    std::vector<double> ten(10);
    for (int i = 0; i < n; ++i) ++ten.at(random.below(10));
    CHECK(chi_square(ten, n) < 27.9);  // 9 degrees of freedom, p = 0.001
    // Without rejection every third value below 3 * 2^30 would be drawn twice as often as the others.
    std::vector<double> thirds(3);
    for (int i = 0; i < n; ++i) ++thirds[random.below(3u << 30) % 3];
    CHECK(chi_square(thirds, n) < 13.8);
    CHECK(random.below(1) == 0);
}

TEST_CASE("a permutation holds each index once and every order is equally likely") {
    for (std::uint32_t n : {0u, 1u, 2u, 1000u}) {
        std::vector<std::uint32_t> order = permutation(n, Random(6, Purpose::shuffle, n));
        REQUIRE(order.size() == n);
        std::sort(order.begin(), order.end());
        for (std::uint32_t i = 0; i < n; ++i) CHECK(order[i] == i);
    }
    std::map<std::vector<std::uint32_t>, double> seen;
    const int draws = 24000;
    for (std::uint32_t i = 0; i < draws; ++i) ++seen[permutation(4, Random(7, Purpose::shuffle, 0, i))];
    std::vector<double> counts;
    for (const auto& [order, count] : seen) counts.push_back(count);
    REQUIRE(counts.size() == 24);
    CHECK(chi_square(counts, draws) < 49.7);  // 23 degrees of freedom, p = 0.001
}
