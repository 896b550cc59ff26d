// The values that a sum of quantized tensors can take: sum_i alpha_i c_i over all combinations of codes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "engine/quant/mmse/solvers/problem.hpp"
#include "engine/quant/scheme.hpp"

namespace nibble::mmse {

/// A value that a sum can take, and its codes.
struct Point {
    double value = 0;
    std::array<std::int8_t, kMaxTerms> codes{};
};

/// All values of sum_i alpha_i c_i, ascending, each once (with the smallest codes that give it).
std::vector<Point> points_of(const std::vector<float>& alphas, Codes codes);
/// The nearest one; of two, the higher.
const Point& nearest(const std::vector<Point>& points, float t);

/// What is not below lies nearer to b, a's upper neighbour.
inline double boundary(const Point& a, const Point& b) {
    return (a.value + b.value) / 2;
}

/// Calls body(point, first, last) for every point that is the nearest one of some distinct values [first,
/// last).
template <class Body>
void for_each_cell(const Distribution& t, const std::vector<Point>& points, Body&& body) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const std::size_t last =
            i + 1 < points.size() ? t.below(boundary(points[i], points[i + 1])) : t.size();
        if (last > first) body(points[i], first, last);
        first = std::max(first, last);
    }
}

}  // namespace nibble::mmse
