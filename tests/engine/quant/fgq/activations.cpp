#include "engine/quant/fgq/activations.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"

namespace nibble::fgq {
namespace {

Histogram histogram_of(const std::vector<float>& values) {
    Histogram h;
    h.add(values);
    return h;
}

Quantizer reaching(const std::vector<float>& values, int bits) {
    return dynamic_fixed_point(histogram_of(values), bits, Exponents::maximum);
}

double squared_error(const std::vector<float>& values, const Quantizer& q) {
    double sum = 0;
    for (float x : values)
        sum += std::pow(static_cast<double>(x) - code_of(q, x) * static_cast<double>(q.step), 2);
    return sum;
}

TEST_CASE("dynamic fixed point, maximum: by hand") {
    CHECK(reaching({0, 1.0f}, 8) == make_quantizer(scheme_from("u8-pt"), 0x1p-8f));
    CHECK(reaching({0, 1.01f}, 8).step == 0x1p-7f);
    CHECK(reaching({0, 0.99f}, 8).step == 0x1p-8f);
    CHECK(reaching({0, 5.0f}, 4).step == 0.5f);
    CHECK(reaching({-2.5f, 1.0f}, 8) == make_quantizer(scheme_from("s8-pt"), 0x1p-5f));
    CHECK(reaching({0, 0}, 8) == make_quantizer(scheme_from("u8-pt"), 1.0f));
    // Rounding to nearest, saturation at both ends.
    const Quantizer q = reaching({0, 1.0f}, 4);
    CHECK(code_of(q, 0.09f) == 1);
    CHECK(code_of(q, 0.1f) == 2);
    CHECK(code_of(q, 1.0f) == 15);
    CHECK(code_of(q, 7.0f) == 15);
    CHECK(code_of(q, -1.0f) == 0);
    CHECK(code_of(reaching({-1.0f, 1.0f}, 4), -9.0f) == -8);
}

TEST_CASE("dynamic fixed point, maximum: powers of two that just reach it; half a step of error within") {
    Random random(8, Purpose::test);
    for (int bits = 2; bits <= 8; ++bits)
        for (int round = 0; round < 300; ++round) {
            const float size = std::ldexp(0.5f + random.uniform(), static_cast<int>(random.below(40)) - 20);
            const float lowest = random.below(2) ? 0 : -size * random.uniform();
            const Quantizer q = reaching({lowest, size}, bits);
            int exponent;
            CHECK(std::frexp(q.step, &exponent) == 0.5f);
            CHECK(q.step * q.multiplier == 1);
            CHECK(q.scheme.is_signed == (lowest < 0));
            const float reach = q.step * static_cast<float>(q.scheme.highest() + 1);
            CHECK(size <= reach);
            CHECK(size > reach / 2);
            for (int i = 0; i < 10; ++i) {
                const float x = lowest + (size - lowest) * random.uniform();
                const float value = static_cast<float>(code_of(q, x)) * q.step;
                CHECK(std::abs(value - x) <= (x > reach - q.step ? 1.0f : 0.5f) * q.step);
            }
        }
}

TEST_CASE("dynamic fixed point, least error: no other power of two has less, and rare maxima are clipped") {
    for (std::uint32_t stream = 0; stream < 30; ++stream) {
        Random random(9, Purpose::test, 0, stream);
        const int bits = 2 + static_cast<int>(random.below(7));
        const bool is_signed = stream % 2;
        std::vector<float> values;
        for (int i = 0; i < 2000; ++i) {
            const float x =
                random.normal() * std::exp(static_cast<float>(stream % 4) * 0.3f * random.normal());
            values.push_back(is_signed ? x : std::abs(x));
        }
        const Histogram h = histogram_of(values);
        const Quantizer best = dynamic_fixed_point(h, bits, Exponents::least_error);
        const Quantizer widest = dynamic_fixed_point(h, bits, Exponents::maximum);
        int exponent;
        CHECK(std::frexp(best.step, &exponent) == 0.5f);
        CHECK(best.step <= widest.step);
        // The histogram knows values up to a bin, so equal errors may be told apart wrongly.
        for (int below = 0; below < 10; ++below)
            CHECK(squared_error(values, best) <=
                  1.001 *
                      squared_error(values, make_quantizer(best.scheme, std::ldexp(widest.step, -below))));
    }
    std::vector<float> skewed(10000, 1.0f);
    skewed.push_back(17.0f);
    CHECK(reaching(skewed, 4).step == 2.0f);
    CHECK(dynamic_fixed_point(histogram_of(skewed), 4, Exponents::least_error).step == 1.0f);
}

TEST_CASE("dynamic fixed point: extremes give usable steps; no values and no such bits are refused") {
    for (float magnitude : {1e-37f, 3e38f})
        for (float lowest : {0.0f, -magnitude})
            for (const Exponents rule : {Exponents::least_error, Exponents::maximum})
                CHECK_NOTHROW(check(dynamic_fixed_point(histogram_of({lowest, magnitude}), 8, rule)));
    CHECK_THROWS_AS(reaching({}, 8), BadInput);
    CHECK_THROWS_AS(reaching({0, 1}, 1), BadInput);
    CHECK_THROWS_AS(reaching({0, 1}, 9), BadInput);
}

}  // namespace
}  // namespace nibble::fgq
