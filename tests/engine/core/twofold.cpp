#include "engine/core/twofold.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/rng.hpp"

namespace nibble {
namespace {

__extension__ using Quad = __float128;

Quad quad(Twofold a) {
    return static_cast<Quad>(a.high) + static_cast<Quad>(a.low);
}

double relative(Quad error, Quad of) {
    const Quad ratio = error / (of == 0 ? 1 : of);
    return std::abs(static_cast<double>(ratio));
}

TEST_CASE("twofold: sums and products of doubles are exact") {
    Random random(5, Purpose::test);
    for (int i = 0; i < 10000; ++i) {
        const double a = std::ldexp(random.normal() / 3.0, static_cast<int>(random.below(40)) - 20),
                     b = random.normal() / 7.0;
        CHECK(quad(exact_sum(a, b)) == static_cast<Quad>(a) + b);
        CHECK(quad(exact_product(a, b)) == static_cast<Quad>(a) * b);
    }
}

TEST_CASE("twofold: arithmetic keeps 100 bits, also of what cancellation leaves") {
    Random random(6, Purpose::test);
    Twofold sum;
    Quad expected = 0, largest = 0;
    for (int i = 0; i < 10000; ++i) {
        const double a = random.normal() / 3.0, b = random.normal() / 7.0;
        const Twofold product = exact_sum(a, b * 1e-17) * b;
        const Quad exact = (static_cast<Quad>(a) + static_cast<Quad>(b * 1e-17)) * b;
        CHECK(relative(quad(product) - exact, exact) < 0x1p-100);
        sum = i % 2 ? sum + product : sum - product;
        expected += i % 2 ? exact : -exact;
        largest = exact > largest ? exact : largest;
        CHECK(std::abs(sum.low) <= std::ldexp(std::abs(sum.high), -52));
    }
    CHECK(relative(quad(sum) - expected, largest) < 0x1p-90);
    CHECK(relative(quad(sum - sum), 1) == 0);
}

}  // namespace
}  // namespace nibble
