#include "experiments/support/pareto.hpp"

#include <doctest/doctest.h>

using namespace nibble;

namespace {
using Indices = std::vector<std::size_t>;

Indices front(const std::vector<CostPoint>& points) {
    return pareto_front(points);
}
}  // namespace

TEST_CASE("a front is what nothing beats, by rising cost") {
    CHECK(front({}).empty());
    CHECK(front({{1, 1}}) == Indices{0});
    CHECK(front({{4, 90}, {1, 70}, {3, 60}, {2, 80}}) == Indices{1, 3, 0});
}

TEST_CASE("of equal costs the best, of equal values the cheapest, of equal points the first") {
    CHECK(front({{1, 5}, {1, 7}, {1, 6}}) == Indices{1});
    CHECK(front({{3, 7}, {1, 7}, {2, 7}}) == Indices{1});
    CHECK(front({{2, 7}, {1, 5}, {2, 7}, {1, 5}}) == Indices{1, 0});
}

TEST_CASE("no point of a front is beaten by any, and every other point is (all orders of small grids)") {
    std::vector<CostPoint> points;
    for (int i = 0; i < 40; ++i) points.push_back({1.0 + i * 7 % 5, 1.0 + i * i % 7});
    const Indices found = front(points);
    const auto beats = [](const CostPoint& a, const CostPoint& b) {
        return a.cost <= b.cost && a.value >= b.value && !(a == b);
    };
    for (std::size_t i = 0; i < points.size(); ++i) {
        bool beaten = false, listed = false;
        for (const CostPoint& p : points) beaten = beaten || beats(p, points[i]);
        for (std::size_t f : found) listed = listed || points[f] == points[i];
        CHECK(beaten != listed);
    }
}
