#include "engine/quant/mmse/error_curve.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/quant/mmse/solvers/exact.hpp"
#include "engine/quant/mmse/solvers/max_abs.hpp"
#include "tests/helpers/random_tensors.hpp"

using namespace nibble;

TEST_CASE("the curve of errors ends at max-abs and nowhere falls below the exact optimum") {
    const auto values = test::laplace_values(500, 1);
    const mmse::Distribution t(values);
    const mmse::Codes codes{-8, 7};
    const auto curve = mmse::error_curve(t, codes, 100);
    REQUIRE(curve.size() == 100);
    const double norm = t.squared_norm().value();
    CHECK(curve.back().first == 1);
    CHECK(curve.back().second == doctest::Approx(mmse::max_abs(t, codes).error / norm));
    const double best = mmse::exact(t, codes).error / norm;
    double least = 1;
    for (const auto& [part, error] : curve) {
        CHECK(error >= best);
        least = std::min(least, error);
    }
    CHECK(least < 1.01 * best);
    CHECK(mmse::error_curve(mmse::Distribution(std::vector<float>(5, 0.0f)), codes, 10).empty());
}
