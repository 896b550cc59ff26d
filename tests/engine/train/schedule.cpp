#include <doctest/doctest.h>

#include "engine/train/trainer.hpp"

using namespace nibble;

namespace {

constexpr std::size_t kStepsPerEpoch = 4;

double rate(const Recipe& recipe, double epoch) {
    return learning_rate_at(recipe, static_cast<std::size_t>(epoch * kStepsPerEpoch), kStepsPerEpoch);
}

}  // namespace

TEST_CASE("schedule: a plain cosine goes from the peak to zero") {
    const Recipe recipe{.epochs = 12, .learning_rate = 0.4};
    CHECK(rate(recipe, 0) == 0.4);
    CHECK(rate(recipe, 6) == doctest::Approx(0.2).epsilon(1e-14));
    CHECK(rate(recipe, 4) == doctest::Approx(0.3).epsilon(1e-14));  // cos 60 degrees = 1/2
    CHECK(rate(recipe, 8) == doctest::Approx(0.1).epsilon(1e-14));
    CHECK(rate(recipe, 11.75) > 0);
    CHECK(rate(recipe, 12) == 0);
    CHECK(rate(recipe, 100) == 0);
}

TEST_CASE("schedule: warm-up is linear from zero to the peak") {
    const Recipe recipe{.epochs = 14, .learning_rate = 0.4, .warmup_epochs = 2};
    CHECK(rate(recipe, 0) == 0);
    CHECK(rate(recipe, 0.5) == doctest::Approx(0.1).epsilon(1e-14));
    CHECK(rate(recipe, 1.75) == doctest::Approx(0.35).epsilon(1e-14));
    CHECK(rate(recipe, 2) == 0.4);
    CHECK(rate(recipe, 8) == doctest::Approx(0.2).epsilon(1e-14));
}

// The aqt paper: 5 epochs of warm-up, 195 of cosine down to a thousandth, 50 of cool-down.
TEST_CASE("schedule: cosine to a fraction, then linear to zero") {
    const Recipe recipe{.epochs = 250,
                        .learning_rate = 0.1,
                        .warmup_epochs = 5,
                        .cooldown_epochs = 50,
                        .final_fraction = 0.001};
    CHECK(rate(recipe, 5) == doctest::Approx(0.1).epsilon(1e-14));
    CHECK(rate(recipe, 102.5) == doctest::Approx(0.1 * (0.999 * 0.5 + 0.001)).epsilon(1e-14));
    CHECK(rate(recipe, 200) == doctest::Approx(1e-4).epsilon(1e-12));
    CHECK(rate(recipe, 225) == doctest::Approx(5e-5).epsilon(1e-12));
    CHECK(rate(recipe, 250) == 0);
    for (double t = 5; t < 250; t += 0.25) CHECK(rate(recipe, t + 0.25) <= rate(recipe, t));
}

TEST_CASE("schedule: without cosine epochs warm-up meets cool-down") {
    const Recipe recipe{
        .epochs = 4, .learning_rate = 1, .warmup_epochs = 2, .cooldown_epochs = 2, .final_fraction = 1};
    CHECK(rate(recipe, 1) == 0.5);
    CHECK(rate(recipe, 2) == 1);
    CHECK(rate(recipe, 3) == 0.5);
    CHECK(rate(recipe, 4) == 0);
    const Recipe only_warmup{.epochs = 4, .learning_rate = 1, .warmup_epochs = 4};
    CHECK(rate(only_warmup, 3) == 0.75);
}
