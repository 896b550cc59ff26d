#include "engine/quant/fgq/two_thresholds.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/rng.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::fgq {
namespace {

TEST_CASE("two thresholds: by hand, and with one sign") {
    const float group[] = {8, -4, 2};
    CHECK(best_gain_of_two_thresholds(group) == 72);
    CHECK(best_gain_of_one_threshold(group) == 72);
    const float positive[] = {3, 1, 1};
    CHECK(best_gain_of_two_thresholds(positive) == 9);
    const float zeros[] = {0, -0.0f};
    CHECK(best_gain_of_two_thresholds(zeros) == 0);
    CHECK(best_gain_of_one_threshold(zeros) == 0);
}

TEST_CASE("two thresholds: never better than one, on thousands of skewed groups") {
    Random random(31, Purpose::test);
    for (std::uint32_t stream = 0; stream < 4000; ++stream) {
        std::vector<float> group = test::random_tensor(stream, 24);
        const float skew = 0.05f + random.uniform();
        for (float& w : group)
            if (w < 0) w *= skew;
        double norm = 0;
        for (float w : group) norm += static_cast<double>(w) * static_cast<double>(w);
        const double two = best_gain_of_two_thresholds(group), one = best_gain_of_one_threshold(group);
        CHECK(std::abs(two - one) <= 1e-12 * norm);  // both have that of one threshold among them
    }
}

}  // namespace
}  // namespace nibble::fgq
