#include "engine/nn/loss.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

using namespace nibble;

TEST_CASE("softmax cross-entropy against the formula") {
    const std::array<float, 4> z{1.5f, -2.0f, 0.25f, 3.0f};
    for (const double smoothing : {0.0, 0.1, 0.9}) {
        std::array<float, 4> gradient{};
        const Loss loss = softmax_cross_entropy(z, 2, smoothing, 0.5, gradient);
        double total = 0, expected = 0;
        for (const float v : z) total += std::exp(static_cast<double>(v));
        for (int c = 0; c < 4; ++c) {
            const double p = std::exp(static_cast<double>(z[c])) / total;
            const double t = smoothing / 4 + (c == 2 ? 1 - smoothing : 0);
            expected -= t * std::log(p);
            CHECK(gradient[c] == doctest::Approx(0.5 * (p - t)).epsilon(1e-6));
        }
        CHECK(loss.value == doctest::Approx(expected).epsilon(1e-12));
        CHECK(loss.predicted == 3);
    }
}

TEST_CASE("huge logits neither overflow nor lose the loss; NaN is not hidden") {
    const std::vector<float> z{1e30f, -1e30f, 0.0f};
    CHECK(softmax_cross_entropy(z, 0, 0, 1, {}).value == 0.0);
    CHECK(softmax_cross_entropy(z, 2, 0, 1, {}).value == doctest::Approx(1e30));
    for (std::size_t at = 0; at < 3; ++at) {
        const std::size_t largest = (at + 1) % 3;
        std::vector<float> broken(3, 0.0f);
        broken[at] = std::numeric_limits<float>::quiet_NaN();
        broken[largest] = 1.0f;
        const Loss loss = softmax_cross_entropy(broken, 1, 0, 1, {});
        CHECK(std::isnan(loss.value));
        CHECK(loss.predicted == static_cast<int>(largest));
    }
}

TEST_CASE("squared error: value and gradient by hand, targets met exactly cost nothing") {
    const std::array<float, 3> z{1.5f, -2.0f, 0.25f}, targets{1.0f, 1.0f, 0.25f};
    std::array<float, 3> gradient{7, 7, 7};
    CHECK(squared_error(z, targets, 0.5, gradient) == 0.25 + 9);
    CHECK(gradient == std::array<float, 3>{0.5f, -3.0f, 0.0f});
    CHECK(squared_error(z, targets, 1, {}) == 0.25 + 9);
    CHECK(squared_error(z, z, 1, gradient) == 0);
    CHECK(gradient == std::array<float, 3>{0, 0, 0});
}
