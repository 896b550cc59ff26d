// Pareto fronts in the plane of cost and value.
#pragma once

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

}  // namespace nibble
