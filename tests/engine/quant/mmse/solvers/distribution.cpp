#include "engine/quant/mmse/solvers/distribution.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/helpers/random_tensors.hpp"

namespace nibble::mmse {
namespace {

TEST_CASE("distribution: counts and sums below any bound are those of a loop over the values") {
    for (std::uint32_t stream = 0; stream < 240; ++stream) {
        const std::vector<float> values = test::random_tensor(stream, 60);
        const Distribution t(values);
        CHECK(std::is_sorted(t.values().begin(), t.values().end(), std::less_equal<>{}));
        std::vector<double> bounds{0, -1e300, 1e300};
        for (float v : values)
            for (double factor : {1.0, 1.0 - 0x1p-40, 1.0 + 0x1p-40, 0.37}) bounds.push_back(factor * v);
        for (double bound : bounds) {
            std::int64_t count = 0;
            long double sum = 0, squares = 0, norm = 0;
            for (float v : values) {
                norm += static_cast<long double>(v) * v;
                if (v >= bound) continue;
                ++count;
                sum += v;
                squares += static_cast<long double>(v) * v;
            }
            const std::size_t below = t.below(bound);
            const Sums& sums = t.up_to(below);
            CHECK(sums.count == count);
            CHECK(std::abs(sums.values.value() - sum) <= 1e-15L * std::sqrt(norm) * 60);
            CHECK(std::abs(sums.squares.value() - squares) <= 1e-15L * norm);
            CHECK(sums.count + t.between(below, t.size()).count == static_cast<std::int64_t>(values.size()));
        }
    }
}

TEST_CASE("distribution: weighted values, in any order, equal ones together") {
    const Distribution a({{2, 3, 0.5}, {-1, 1}, {2, 1, 0.25}});
    CHECK(a.size() == 2);
    CHECK(a.all().count == 5);
    CHECK(a.all().values.value() == 7);
    CHECK(a.squared_norm().value() == 1 + 16 + 1.5 + 0.25);
    CHECK(a.magnitude() == 2);
    CHECK(Distribution().magnitude() == 0);
    CHECK(Distribution().below(1) == 0);
}

}  // namespace
}  // namespace nibble::mmse
