#include "engine/quant/quantizer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"

namespace nibble {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::half_up, Rounding::floor};

TEST_CASE("code_of: NaN is the lowest code, infinities are the outermost") {
    for (const char* name : {"s8-pt", "s8n-pt", "u8-pt", "s4-pt", "u2-pt"})
        for (Rounding rounding : kRoundings) {
            const Quantizer q = make_quantizer(scheme_from(name), 0.25f, rounding);
            CHECK(code_of(q, kNaN) == q.scheme.lowest());
            CHECK(code_of(q, -kNaN) == q.scheme.lowest());
            CHECK(code_of(q, -kInfinity) == q.scheme.lowest());
            CHECK(code_of(q, kInfinity) == q.scheme.highest());
            CHECK(code_of(q, std::numeric_limits<float>::max()) == q.scheme.highest());
            CHECK(code_of(q, 0.0f) == 0);
            CHECK(code_of(q, -0.0f) == 0);
        }
}

TEST_CASE("code_of: rounds what is clamped, and codes come back from their values") {
    for (const char* name : {"s8-pt", "s8n-pt", "u8-pt", "s3-pt", "u5-pt"})
        for (Rounding rounding : kRoundings) {
            const Quantizer q = make_quantizer(scheme_from(name), 0.125f, rounding);
            for (int n = -5000; n <= 5000; ++n) {  // x = n / 64, so x / step = n / 8
                const auto rounded = static_cast<int>(round_by(rounding, static_cast<float>(n) / 8));
                const auto expected = std::clamp(rounded, q.scheme.lowest(), q.scheme.highest());
                CAPTURE(n);
                CHECK(code_of(q, static_cast<float>(n) / 64) == expected);
            }
            for (int code = q.scheme.lowest(); code <= q.scheme.highest(); ++code)
                CHECK(code_of(q, static_cast<float>(code) * q.step) == code);
        }
}

TEST_CASE("code_of: a channel's codes are those of a quantizer with the channel's multiplier") {
    const std::vector<float> multipliers = {0.125f, 1, 3, 1000};
    for (const char* name : {"s8", "u4", "s3"})
        for (Rounding rounding : kRoundings) {
            const Quantizer q =
                make_channel_quantizer(scheme_from(std::string(name) + "-pc"), multipliers, rounding);
            CHECK(q.step == 1);
            CHECK(q.multiplier == 1);
            for (std::size_t c = 0; c < multipliers.size(); ++c) {
                Quantizer alone = make_quantizer(scheme_from(std::string(name) + "-pt"), 1, rounding);
                alone.multiplier = multipliers[c];
                CHECK(q.multiplier_of(c) == multipliers[c]);
                CHECK(alone.multiplier_of(c) == multipliers[c]);
                for (int n = -300; n <= 300; ++n)
                    CHECK(code_of(q, static_cast<float>(n) / 16, c) ==
                          code_of(alone, static_cast<float>(n) / 16));
                for (int code = q.scheme.lowest(); code <= q.scheme.highest(); ++code)
                    CHECK(code_of(q, (static_cast<float>(code) + 0.125f) / multipliers[c], c) == code);
            }
        }
}

TEST_CASE("quantizers with multipliers per channel: each usable, as many as channels, and nothing else") {
    const Scheme u4 = scheme_from("u4-pc");
    const Quantizer good = make_channel_quantizer(u4, {0.5f, 1e30f, 1e-37f});
    CHECK_NOTHROW(check(good, 3));
    CHECK_THROWS_WITH_AS(check(good, 4), doctest::Contains("number of multipliers"), BadInput);
    CHECK_NOTHROW(check(make_quantizer(scheme_from("u4-pt"), 1), 4));
    for (float bad : {0.0f, -0.0f, -1.0f, kInfinity, kNaN, 1e-40f})
        CHECK_THROWS_WITH_AS(make_channel_quantizer(u4, {1, bad}), doctest::Contains("scale"), BadInput);
    CHECK_THROWS_WITH_AS(make_channel_quantizer(u4, {}), doctest::Contains("multipliers"), BadInput);
    for (const char* name : {"s8-pt", "t-pc", "s4x2-pc", "s8-g4"})
        CHECK_THROWS_WITH_AS(make_channel_quantizer(scheme_from(name), {1, 1}), doctest::Contains(name),
                             BadInput);
    Quantizer scaled = good;
    scaled.step = 2, scaled.multiplier = 0.5f;
    CHECK_THROWS_WITH_AS(check(scaled), doctest::Contains("step"), BadInput);
    Quantizer both = make_quantizer(scheme_from("u4-pt"), 1);
    both.multipliers = {1};
    CHECK_THROWS_WITH_AS(check(both), doctest::Contains("multipliers"), BadInput);
}

TEST_CASE("quantizers: scales must be usable and belong together, schemes uniform") {
    const Scheme u8 = scheme_from("u8-pt");
    for (float step :
         {0.0f, -0.0f, -1.0f, kInfinity, kNaN, 1e-40f, 1e-39f, std::numeric_limits<float>::max()})
        CHECK_THROWS_AS(make_quantizer(u8, step), BadInput);
    for (float step : {1e-37f, 0.1f, 1.0f / 3, 3e37f}) CHECK_NOTHROW(make_quantizer(u8, step));
    for (const char* name : {"s8-pc", "t-pt", "s4x2-pt", "s8-g4"})
        CHECK_THROWS_WITH_AS(make_quantizer(scheme_from(name), 1), doctest::Contains(name), BadInput);
    CHECK_THROWS_AS(make_quantizer({.bits = 9, .granularity = Granularity::tensor}, 1), BadInput);
    Quantizer q = make_quantizer(u8, 0.5f);
    q.multiplier = 2.1f;
    CHECK_THROWS_WITH_AS(check(q), doctest::Contains("1 / step"), BadInput);
    q.multiplier = kNaN;
    CHECK_THROWS_AS(check(q), BadInput);
}

TEST_CASE("quantizers: stored codes are bytes without sign") {
    for (int bits = 2; bits <= 8; ++bits)
        for (bool is_signed : {false, true}) {
            const Quantizer q =
                make_quantizer({.bits = bits, .is_signed = is_signed, .granularity = Granularity::tensor}, 1);
            CHECK(q.scheme.lowest() + q.offset() == 0);
            CHECK(q.scheme.highest() + q.offset() == (1 << bits) - 1);
        }
    const Quantizer q = make_quantizer(scheme_from("u4z3-pt"), 0.5f);
    CHECK(q.offset() == 3);
    for (const auto& [x, code] : {std::pair{-9.0f, -3}, {-1.0f, -2}, {0.0f, 0}, {6.0f, 12}, {6.3f, 12}})
        CHECK(code_of(q, x) == code);
}

}  // namespace
}  // namespace nibble
