#include "experiments/support/pareto.hpp"

#include <algorithm>
#include <numeric>

namespace nibble {

std::vector<std::size_t> pareto_front(std::span<const CostPoint> points) {
    std::vector<std::size_t> order(points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Among equal costs the best value first, so that one pass decides.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return points[a].cost != points[b].cost ? points[a].cost < points[b].cost
                                                : points[a].value > points[b].value;
    });
    std::vector<std::size_t> front;
    for (std::size_t i : order)
        if (front.empty() || points[i].value > points[front.back()].value) front.push_back(i);
    return front;
}

}  // namespace nibble
