#include "engine/quant/fgq/activations.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"

namespace nibble::fgq {
namespace {

TEST_CASE("dynamic fixed point: by hand") {
    CHECK(dynamic_fixed_point({0, 1.0f}, 8) == make_quantizer(scheme_from("u8-pt"), 0x1p-8f));
    CHECK(dynamic_fixed_point({0, 1.01f}, 8).step == 0x1p-7f);
    CHECK(dynamic_fixed_point({0, 0.99f}, 8).step == 0x1p-8f);
    CHECK(dynamic_fixed_point({0, 5.0f}, 4).step == 0.5f);
    CHECK(dynamic_fixed_point({-2.5f, 1.0f}, 8) == make_quantizer(scheme_from("s8-pt"), 0x1p-5f));
    CHECK(dynamic_fixed_point({0, 0}, 8) == make_quantizer(scheme_from("u8-pt"), 1.0f));
    // Rounding to nearest, saturation at both ends.
    const Quantizer q = dynamic_fixed_point({0, 1.0f}, 4);
    CHECK(code_of(q, 0.09f) == 1);
    CHECK(code_of(q, 0.1f) == 2);
    CHECK(code_of(q, 1.0f) == 15);
    CHECK(code_of(q, 7.0f) == 15);
    CHECK(code_of(q, -1.0f) == 0);
    CHECK(code_of(dynamic_fixed_point({-1.0f, 1.0f}, 4), -9.0f) == -8);
}

TEST_CASE("dynamic fixed point: powers of two that just reach the maximum; half a step of error within") {
    Random random(8, Purpose::test);
    for (int bits = 2; bits <= 8; ++bits)
        for (int round = 0; round < 300; ++round) {
            const float size = std::ldexp(0.5f + random.uniform(), static_cast<int>(random.below(40)) - 20);
            const ValueRange range{random.below(2) ? 0 : -size * random.uniform(), size};
            const Quantizer q = dynamic_fixed_point(range, bits);
            int exponent;
            CHECK(std::frexp(q.step, &exponent) == 0.5f);
            CHECK(q.step * q.multiplier == 1);
            CHECK(q.scheme.is_signed == (range.lowest < 0));
            const float reach = q.step * static_cast<float>(q.scheme.highest() + 1);
            CHECK(range.magnitude() <= reach);
            CHECK(range.magnitude() > reach / 2);
            for (int i = 0; i < 10; ++i) {
                const float x = range.lowest + (range.highest - range.lowest) * random.uniform();
                const float value = static_cast<float>(code_of(q, x)) * q.step;
                CHECK(std::abs(value - x) <= (x > reach - q.step ? 1.0f : 0.5f) * q.step);
            }
        }
}

TEST_CASE("dynamic fixed point: extremes give usable steps, infinite ranges are refused") {
    for (float magnitude : {1e-37f, 3e38f})
        for (float lowest : {0.0f, -magnitude})
            CHECK_NOTHROW(check(dynamic_fixed_point({lowest, magnitude}, 8)));
    CHECK_THROWS_AS(dynamic_fixed_point({0, std::numeric_limits<float>::infinity()}, 8), BadInput);
    CHECK_THROWS_AS(dynamic_fixed_point({0, 1}, 1), BadInput);
    CHECK_THROWS_AS(dynamic_fixed_point({0, 1}, 9), BadInput);
}

}  // namespace
}  // namespace nibble::fgq
