#include "engine/core/tensor.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/bf16.hpp"

using namespace nibble;

namespace {

/// The value of a float's bits as a double, by definition (no conversion instruction: those flush denormals).
/// The pattern of infinity counts as 2^128, the number that rounding would reach.
double value(std::uint32_t bits) {
    const auto exponent = static_cast<int>((bits >> 23) & 0xff);
    const double fraction = bits & 0x7fffff;
    const double magnitude =
        exponent == 0 ? std::ldexp(fraction, -149) : std::ldexp(fraction + 0x800000, exponent - 150);
    return bits >> 31 ? -magnitude : magnitude;
}

/// The nearest bfloat16 found by comparing distances to both neighbours, ties to the even one.
std::uint16_t nearest(std::uint32_t bits) {
    const std::uint32_t below = bits & 0xffff0000u;
    const double to_below = std::abs(value(bits) - value(below));
    const double to_above = std::abs(value(below + 0x10000u) - value(bits));
    const auto down = static_cast<std::uint16_t>(below >> 16);
    const auto up = static_cast<std::uint16_t>(down + 1);
    if (to_below != to_above) return to_below < to_above ? down : up;
    return down % 2 == 0 ? down : up;
}

}  // namespace

TEST_CASE("to_bf16 rounds to nearest, ties to even, for every upper half and all decisive lower halves") {
    int wrong = 0;
    for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
        if ((upper & 0x7f80) == 0x7f80) continue;  // infinities and NaNs: below
        for (std::uint32_t lower : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
            const std::uint32_t bits = upper << 16 | lower;
            if (to_bf16(std::bit_cast<float>(bits)).bits != nearest(bits)) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("to_bf16 keeps infinities and turns every NaN into a NaN of the same sign") {
    CHECK(to_bf16(std::bit_cast<float>(0x7f800000u)).bits == 0x7f80);
    CHECK(to_bf16(std::bit_cast<float>(0xff800000u)).bits == 0xff80);
    int wrong = 0;
    for (std::uint32_t sign : {0u, 0x80000000u})
        for (std::uint32_t fraction = 1; fraction < 0x800000; fraction += fraction < 0x20000 ? 1 : 997) {
            const std::uint16_t got = to_bf16(std::bit_cast<float>(sign | 0x7f800000u | fraction)).bits;
            const bool nan = (got & 0x7f80) == 0x7f80 && (got & 0x7f) != 0;
            if (!nan || got >> 15 != sign >> 31) ++wrong;
        }
    CHECK(wrong == 0);
}

TEST_CASE("to_float undoes to_bf16 exactly on every bfloat16 that is no NaN") {
    int wrong = 0;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        if ((bits & 0x7f80) == 0x7f80 && (bits & 0x7f) != 0) continue;
        const Bf16 x{static_cast<std::uint16_t>(bits)};
        if (to_bf16(to_float(x)) != x) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("shapes count and print") {
    CHECK(count({}) == 1);
    CHECK(count({2, 3, 4}) == 24);
    CHECK(count({2, 0, 4}) == 0);
    CHECK(to_string(Shape{16, 3, 3, 3}) == "16x3x3x3");
    CHECK(to_string(Shape{}) == "scalar");
}
