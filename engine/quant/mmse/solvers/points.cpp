#include "engine/quant/mmse/solvers/points.hpp"

#include <algorithm>
#include <utility>

namespace nibble::mmse {
namespace {

int energy_of(const Point& p) {
    int energy = 0;
    for (int code : p.codes) energy += code * code;
    return energy;
}

/// By value; of equal ones, first those with smaller codes.
bool before(const Point& a, const Point& b) {
    if (a.value != b.value) return a.value < b.value;
    return std::pair(energy_of(a), a.codes) < std::pair(energy_of(b), b.codes);
}

/// Sorts what consists of sorted runs of this length.
void merge_runs(std::vector<Point>& points, std::size_t run) {
    std::vector<Point> merged(points.size());
    for (; run < points.size(); run *= 2) {
        const auto at = [&](std::size_t i) {
            return points.begin() + static_cast<std::ptrdiff_t>(std::min(i, points.size()));
        };
        auto to = merged.begin();
        for (std::size_t i = 0; i < points.size(); i += 2 * run)
            to = std::merge(at(i), at(i + run), at(i + run), at(i + 2 * run), to, before);
        points.swap(merged);
    }
}

}  // namespace

std::vector<Point> points_of(const std::vector<float>& alphas, Codes codes) {
    const auto number = static_cast<std::size_t>(codes.highest - codes.lowest + 1);
    std::vector<Point> points{Point{}};
    for (std::size_t i = 0; i < alphas.size(); ++i) {
        const double alpha = alphas[i];
        std::vector<Point> longer;
        longer.reserve(points.size() * number);
        for (const Point& p : points) {
            for (int n = 0; n < static_cast<int>(number); ++n) {
                const int code = alpha < 0 ? codes.highest - n : codes.lowest + n;
                longer.push_back(p);
                longer.back().value += alpha * code;
                longer.back().codes[i] = static_cast<std::int8_t>(code);
            }
            // Ascending as it is, unless alpha is so small that values are equal.
            const auto run = longer.end() - static_cast<std::ptrdiff_t>(number);
            if (!std::is_sorted(run, longer.end(), before)) std::sort(run, longer.end(), before);
        }
        merge_runs(longer, number);
        points = std::move(longer);
    }
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
