#include "engine/quant/calibration/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "tests/helpers/histogram.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble {
namespace {

TEST_CASE("histogram: every value lies in its bin, and bins are as narrow as they can be") {
    for (std::uint32_t stream = 0; stream < 120; ++stream) {
        const std::vector<float> values = test::random_tensor(stream, 500);
        const Histogram h = test::histogram_of(values);
        CHECK(h.count() == static_cast<std::int64_t>(values.size()));
        CHECK(h.magnitude() == std::max(h.highest(), -h.lowest()));
        std::vector<std::int64_t> positive(h.positive().size()), negative(h.negative().size());
        std::int64_t zeros = 0;
        for (float v : values) {
            CHECK(v <= h.highest());
            CHECK(v >= h.lowest());
            if (v == 0) {
                ++zeros;
                continue;
            }
            const double bin = std::floor(std::abs(double{v}) / h.bin_width());
            REQUIRE(bin < Histogram::kBins);
            ++(v > 0 ? positive : negative)[static_cast<std::size_t>(bin)];
        }
        CHECK(zeros == h.zeros());
        CHECK(std::ranges::equal(positive, h.positive()));
        CHECK(std::ranges::equal(negative, h.negative()));
        if (zeros < h.count()) CHECK(h.magnitude() >= h.bin_width() * (Histogram::kBins / 2));
        std::int64_t sum = zeros;
        for (std::int64_t count : h.magnitudes()) sum += count;
        CHECK(sum == h.count());
    }
}

TEST_CASE("histogram: order changes nothing") {
    for (std::uint32_t stream = 0; stream < 60; ++stream) {
        std::vector<float> values;  // parts of different magnitude, so that bins merge
        for (std::uint32_t part = 0; part < 5; ++part)
            for (float v : test::random_tensor(stream, 50))
                values.push_back(std::ldexp(v, -static_cast<int>(part)));
        const Histogram expected = test::histogram_of(values);
        const auto order =
            permutation(static_cast<std::uint32_t>(values.size()), Random(1, Purpose::test, 0, stream));
        Histogram one_by_one;
        for (const std::uint32_t i : order) one_by_one.add(std::vector<float>{values[i]});
        CHECK(one_by_one == expected);
    }
}

TEST_CASE("histogram: extremes, zeros and what is refused") {
    constexpr float kLargest = std::numeric_limits<float>::max(),
                    kSmallest = std::numeric_limits<float>::min();
    Histogram h = test::histogram_of({kSmallest, 1e-40f, -0.0f, -kSmallest});
    CHECK(h.zeros() == 2);
    CHECK(h.has_negative());
    h.add(std::vector<float>{kLargest});
    CHECK(h.magnitude() == kLargest);
    CHECK(h.positive()[0] == 1);
    CHECK(h.positive()[Histogram::kBins - 1] == 1);
    CHECK(h.negative()[0] == 1);
    const Histogram before = h;
    for (float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        CHECK_THROWS_WITH_AS(h.add(std::vector<float>{1, bad}), doctest::Contains("finite"), BadInput);
        CHECK(h == before);
    }
    const Histogram zeros = test::histogram_of({0, 0});
    CHECK(zeros.bin_width() == 0);
    CHECK(zeros.magnitudes().empty());
    CHECK_THROWS_WITH_AS(require_values(Histogram{}, "KL"), doctest::Contains("KL"), BadInput);
    CHECK(quantizer_clipping_at(0, zeros, 8) == make_quantizer(scheme_from("u8-pt"), 1));
    CHECK(quantizer_clipping_at(3, test::histogram_of({5, 6}), 4) ==
          make_quantizer(scheme_from("u4-pt"), 0.2f));
    CHECK(quantizer_clipping_at(3.5, test::histogram_of({5, -6}), 4) ==
          make_quantizer(scheme_from("s4n-pt"), 0.5f));
    CHECK_THROWS_AS(quantizer_clipping_at(3, test::histogram_of({5}), 9), BadInput);
    CHECK_THROWS_AS(quantizer_clipping_at(3, Histogram{}, 4), BadInput);
}

}  // namespace
}  // namespace nibble
