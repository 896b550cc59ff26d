// Pareto fronts in the plane of cost and value.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace nibble {

struct CostPoint {
    double cost, value;
    friend bool operator==(const CostPoint&, const CostPoint&) = default;
};

/// Indices of the points that no other beats, by rising cost and so by rising value. A point beats another
/// when it costs at most as much, has at least its value, and is not equal in both. So of the points with one
/// cost only the best is there, of those with one value only the cheapest; of equal points the first.
std::vector<std::size_t> pareto_front(std::span<const CostPoint> points);

/// What `front` (by rising cost, costs above 0) reaches at a cost between its ends: linear in the logarithm
/// of the cost between neighbours, as the eye reads a plot. Nothing outside.
std::optional<double> value_at(std::span<const CostPoint> front, double cost);

}  // namespace nibble
