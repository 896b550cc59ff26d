#include "engine/quant/fgq/ternarize.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/core/rng.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::fgq {
namespace {

std::vector<float> magnitudes_of(const std::vector<float>& group) {
    std::vector<float> magnitudes;
    for (float w : group) magnitudes.push_back(std::abs(w));
    return magnitudes;
}

std::vector<int> codes_of(const std::vector<float>& group, const Ternary& t) {
    std::vector<int> codes;
    for (float w : group)
        codes.push_back(static_cast<double>(std::abs(w)) >= t.threshold ? (w > 0) - (w < 0) : 0);
    return codes;
}

/// ||W - scale codes||^2
double error_of(const std::vector<float>& group, const std::vector<int>& codes, double scale) {
    double error = 0;
    for (std::size_t i = 0; i < group.size(); ++i) {
        const double d = static_cast<double>(group[i]) - scale * codes[i];
        error += d * d;
    }
    return error;
}

double norm_of(const std::vector<float>& group) {
    return error_of(group, std::vector<int>(group.size(), 0), 0);
}

/// Calls visit(codes) for all 3^n codes.
template <class Visit>
void for_all_codes(std::size_t n, Visit visit) {
    std::vector<int> codes(n, -1);
    for (;;) {
        visit(codes);
        std::size_t i = 0;
        while (i < n && codes[i] == 1) codes[i++] = -1;
        if (i == n) return;
        ++codes[i];
    }
}

/// The smallest error of all codes, each with its best scale, negative ones included.
double brute_force(const std::vector<float>& group) {
    const double norm = norm_of(group);
    double best = norm;
    for_all_codes(group.size(), [&](const std::vector<int>& codes) {
        double sum = 0, count = 0;
        for (std::size_t i = 0; i < codes.size(); ++i) {
            sum += codes[i] * static_cast<double>(group[i]);
            count += codes[i] != 0;
        }
        if (count > 0) best = std::min(best, norm - sum * sum / count);
    });
    return best;
}

TEST_CASE("ternary groups: the exact rule equals brute force over all codes, whatever the weights") {
    int groups = 0;
    for (std::uint32_t n = 1; n <= 8; ++n)
        for (std::uint32_t stream = 0; stream < (n < 7 ? 1200u : 360u); ++stream) {
            // Heavy and light tails, ties, zeros, one sign, 60 orders of magnitude, huge and tiny values.
            std::vector<float> group = test::random_tensor(12 * stream * 9 + stream % 12 + 108 * n, n);
            group.resize(n, group.front());
            std::vector<float> magnitudes = magnitudes_of(group);
            const Ternary t = ternarize(Rule::exact, magnitudes);
            const double error = error_of(group, codes_of(group, t), t.scale), norm = norm_of(group);
            if (std::abs(error - brute_force(group)) > 1e-12 * norm)
                FAIL_CHECK("n " << n << ", stream " << stream << ": " << error << " instead of "
                                << brute_force(group));
            ++groups;
        }
    CHECK(groups > 7000);
}

TEST_CASE("ternary groups: on whole numbers, where every sum is exact, no codes are better by anything") {
    Random random(21, Purpose::test);
    for (int round = 0; round < 3000; ++round) {
        std::vector<float> group(1 + random.below(7));
        for (float& w : group) w = static_cast<float>(static_cast<int>(random.below(41)) - 20);
        std::vector<float> magnitudes = magnitudes_of(group);
        const std::vector<int> codes = codes_of(group, ternarize(Rule::exact, magnitudes));
        const auto sum_and_count = [&](const std::vector<int>& c) {
            std::int64_t sum = 0, count = 0;
            for (std::size_t i = 0; i < c.size(); ++i) {
                sum += c[i] * static_cast<int>(group[i]);
                count += c[i] != 0;
            }
            return std::pair{sum, count};
        };
        const std::pair<std::int64_t, std::int64_t> found = sum_and_count(codes);
        for_all_codes(group.size(), [&](const std::vector<int>& other) {
            const auto [s, c] = sum_and_count(other);
            const auto [sum, count] = found;
            // s^2 / c > sum^2 / count, in whole numbers
            if (c > 0 && s * s * std::max<std::int64_t>(count, 1) > sum * sum * c) FAIL_CHECK("better codes");
        });
    }
}

TEST_CASE("ternary groups: by hand") {
    const auto solve = [](Rule rule, std::vector<float> magnitudes) { return ternarize(rule, magnitudes); };
    // S_t^2 / t: 64, 72, 65.3: two of them, although 0.7 of the mean would take them, too
    CHECK(solve(Rule::exact, {4, 8, 2}).threshold == 4);
    CHECK(solve(Rule::exact, {4, 8, 2}).scale == 6);
    // Two out of two unless one is below (sqrt 2 - 1) of the other.
    CHECK(solve(Rule::exact, {1, 0.42f}).threshold == doctest::Approx(0.42));
    CHECK(solve(Rule::exact, {1, 0.41f}).threshold == 1);
    // 0.7 of the mean of 1, 2, 3, 6 is 2.1, the mean 3.
    CHECK(solve(Rule::twn, {1, 2, 3, 6}).threshold == doctest::Approx(2.1));
    CHECK(solve(Rule::twn, {1, 2, 3, 6}).scale == 4.5);
    CHECK(solve(Rule::exponential, {1, 2, 3, 6}).threshold == 3);
    CHECK(solve(Rule::exponential, {1, 2, 3, 7}).scale == 7);
    // Equal magnitudes are taken together.
    for (const Rule rule : kRules) {
        CHECK(solve(rule, {5, 5, 5}).scale == 5);
        CHECK(solve(rule, {0, 0}).scale == 0);
        CHECK(solve(rule, {}).scale == 0);
    }
}

TEST_CASE("ternary groups: at the optimum the threshold is half the scale") {
    for (std::uint32_t stream = 0; stream < 600; ++stream) {
        const std::vector<float> group = test::random_tensor(stream, 64);
        std::vector<float> magnitudes = magnitudes_of(group);
        const Ternary t = ternarize(Rule::exact, magnitudes);
        for (float m : magnitudes) {
            const bool chosen = m > 0 && static_cast<double>(m) >= t.threshold;
            const double half = t.scale / 2 * (chosen ? 1 - 1e-9 : 1 + 1e-9);
            CHECK((chosen ? static_cast<double>(m) >= half : static_cast<double>(m) <= half));
        }
    }
}

TEST_CASE("ternary groups: order does not matter, and scaling by a power of two scales alone") {
    for (const Rule rule : kRules)
        for (std::uint32_t stream = 0; stream < 240; ++stream) {
            if (stream % 12 == 9 || stream % 12 == 10) continue;  // scaled, these would leave the floats
            std::vector<float> magnitudes = magnitudes_of(test::random_tensor(stream, 16));
            std::vector<float> scaled(magnitudes.rbegin(), magnitudes.rend());
            for (float& m : scaled) m *= 0.25f;
            const Ternary a = ternarize(rule, magnitudes), b = ternarize(rule, scaled);
            CHECK(a.threshold == 4 * b.threshold);
            CHECK(a.scale == 4 * b.scale);
        }
}

}  // namespace
}  // namespace nibble::fgq
