#include "engine/core/rounding.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/core/rng.hpp"

namespace nibble {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Rounds n / 2^shift, in integers alone.
std::int64_t round_fraction(Rounding rounding, std::int64_t n, int shift) {
    const std::int64_t unit = std::int64_t{1} << shift;
    std::int64_t below = n / unit;
    if (n % unit < 0) --below;
    const std::int64_t rest = n - below * unit;  // 0 <= rest < unit
    switch (rounding) {
        case Rounding::floor:
            return below;
        case Rounding::half_up:
            return below + (2 * rest >= unit);
        case Rounding::nearest_even:
            return below + (2 * rest > unit || (2 * rest == unit && below % 2 != 0));
    }
    return 0;
}

constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::half_up, Rounding::floor};

TEST_CASE("round_by: every eighth between -300 and 300, by integer arithmetic") {
    for (Rounding rounding : kRoundings)
        for (int n = -2400; n <= 2400; ++n) {
            CAPTURE(n);
            CHECK(round_by(rounding, static_cast<float>(n) / 8) ==
                  static_cast<float>(round_fraction(rounding, n, 3)));
        }
}

TEST_CASE("round_by: random fractions and large integers") {
    Random random(1, Purpose::test);
    for (Rounding rounding : kRoundings)
        for (int round = 0; round < 20000; ++round) {
            // 20 bits over 2^10: t + 0.5 is exact, so that half_up is, too.
            const std::int64_t n = static_cast<std::int64_t>(random.below(1 << 20)) - (1 << 19);
            CAPTURE(n);
            CHECK(round_by(rounding, static_cast<float>(n) / 1024) ==
                  static_cast<float>(round_fraction(rounding, n, 10)));
        }
    for (float t : {1048576.0f, -1048577.0f, 4194304.5f, -4194304.5f})
        for (Rounding rounding : kRoundings)
            CHECK(round_by(rounding, t) ==
                  static_cast<float>(round_fraction(rounding, static_cast<std::int64_t>(t * 2), 1)));
    for (Rounding rounding : {Rounding::nearest_even, Rounding::floor})
        for (float t : {8388609.0f, -16777214.0f, 1e30f, -1e30f, kInfinity})
            CHECK(round_by(rounding, t) == t);
}

TEST_CASE("round_by: half_up is the addition of 0.5 in float, so the float below 0.5 becomes 1") {
    const float below = std::nextafter(0.5f, 0.0f);
    CHECK(round_by(Rounding::half_up, below) == 1);
    CHECK(round_by(Rounding::nearest_even, below) == 0);
}

}  // namespace
}  // namespace nibble
