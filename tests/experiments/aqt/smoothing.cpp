#include "experiments/aqt/smoothing.hpp"

#include <doctest/doctest.h>

using namespace nibble;

namespace {
constexpr double kNone = -1;

/// Of the epochs 1, 2, ...; kNone: not evaluated.
std::optional<double> maximum(const std::vector<double>& top1) {
    std::vector<EpochRecord> history;
    for (double value : top1) {
        history.push_back({static_cast<int>(history.size()) + 1, 0, 0, {}});
        if (value != kNone) history.back().eval_top1 = value;
    }
    return aqt::smoothed_maximum(history);
}
}  // namespace

TEST_CASE("a peak is spread over five epochs by a triangle") {
    // In the middle 2.5 of 2.5 + 2 * 1.5 + 2 * 0.5 falls on the peak.
    CHECK(*maximum({0, 0, 0, 65, 0, 0, 0}) == doctest::Approx(65 * 2.5 / 6.5));
    CHECK(*maximum({0, 0, 65, 65, 65, 0, 0}) == doctest::Approx(65 * 5.5 / 6.5));
    CHECK(*maximum({7, 7, 7, 7, 7, 7, 7}) == doctest::Approx(7));
}

TEST_CASE("at the ends the window keeps what falls on evaluations") {
    CHECK(*maximum({0, 0, 0, 0, 0, 9}) == doctest::Approx(9 * 2.5 / 4.5));
    CHECK(*maximum({9, 0, 0, 0, 0, 0}) == doctest::Approx(9 * 2.5 / 4.5));
    CHECK(*maximum({4, 8}) == doctest::Approx((8 * 2.5 + 4 * 1.5) / 4));
    CHECK(*maximum({5}) == 5);
}

TEST_CASE("epochs without evaluation count nowhere: gaps, and what comes before quantized activations") {
    CHECK(*maximum({kNone, kNone, 5}) == 5);
    CHECK(*maximum({kNone, kNone, kNone, 4, 8}) == doctest::Approx(6.5));
    CHECK(*maximum({4, kNone, 8}) == doctest::Approx((8 * 2.5 + 4 * 0.5) / 3));
    CHECK(*maximum({4, kNone, kNone, 8}) == 8);  // three epochs away is outside the window
    CHECK_FALSE(maximum({kNone, kNone}).has_value());
    CHECK_FALSE(maximum({}).has_value());
}
