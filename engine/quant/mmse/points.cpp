#include "engine/quant/mmse/points.hpp"

#include <algorithm>
#include <utility>

namespace nibble::mmse {
namespace {

int energy_of(const Point& p) {
    int energy = 0;
    for (int code : p.codes) energy += code * code;
    return energy;
}

}  // namespace

std::vector<Point> points_of(const std::vector<float>& alphas, Codes codes) {
    std::vector<Point> points{Point{}};
    for (std::size_t i = 0; i < alphas.size(); ++i) {
        std::vector<Point> longer;
        for (const Point& p : points)
            for (int code = codes.lowest; code <= codes.highest; ++code) {
                longer.push_back(p);
                longer.back().value += static_cast<double>(alphas[i]) * code;
                longer.back().codes[i] = static_cast<std::int8_t>(code);
            }
        points = std::move(longer);
    }
    std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
        if (a.value != b.value) return a.value < b.value;
        return std::pair(energy_of(a), a.codes) < std::pair(energy_of(b), b.codes);
    });
    points.erase(std::unique(points.begin(), points.end(),
                             [](const Point& a, const Point& b) { return a.value == b.value; }),
                 points.end());
    return points;
}

const Point& nearest(const std::vector<Point>& points, float t) {
    const auto above = std::lower_bound(points.begin(), points.end(), static_cast<double>(t),
                                        [](const Point& p, double value) { return p.value < value; });
    if (above == points.begin()) return points.front();
    const auto below = above - 1;
    return above == points.end() || t < boundary(*below, *above) ? *below : *above;
}

}  // namespace nibble::mmse
