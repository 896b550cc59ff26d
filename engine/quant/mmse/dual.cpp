#include "engine/quant/mmse/dual.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.hpp"
#include "engine/quant/mmse/golden_section.hpp"
#include "engine/quant/mmse/max_abs.hpp"
#include "engine/quant/mmse/solver.hpp"

namespace nibble::mmse {
namespace {

/// Alternation from many starts goes on while a step lowers the error by this share; from the best one, to
/// the end.
constexpr double kSlow = 1e-3;

float signed_storable(double alpha, Codes codes) {
    return std::copysign(storable(std::abs(alpha), codes), static_cast<float>(alpha));
}

int energy_of(const Point& p) {
    int energy = 0;
    for (int code : p.codes) energy += code * code;
    return energy;
}

/// What is nearer to the second of two neighbours lies above.
double boundary(const Point& a, const Point& b) {
    return (a.value + b.value) / 2;
}

/// Calls body(point, sums) with the sums over all values for which a point is the nearest.
template <class Body>
void for_each_cell(const Distribution& t, const std::vector<Point>& points, Body&& body) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const std::size_t last =
            i + 1 < points.size() ? t.below(boundary(points[i], points[i + 1])) : t.size();
        if (last > first) body(points[i], t.between(first, last));
        first = std::max(first, last);
    }
}

/// T - alpha q(T / alpha), rounded to floats: only candidates are sought in it.
Distribution residual(const Distribution& t, Codes codes, float alpha) {
    std::vector<Distribution::Weighted> rest(t.size());
    for (std::size_t i = 0; i < t.size(); ++i) {
        const float v = t.values()[i];
        rest[i] = {static_cast<float>(v - static_cast<double>(alpha) * code_of(v, alpha, codes)),
                   t.between(i, i + 1).count};
    }
    return Distribution(std::move(rest));
}

/// One alpha after the other, each for the residual that those before it leave.
std::vector<float> one_by_one(const Distribution& t, Codes codes, float first, int terms) {
    std::vector<float> alphas{first};
    Distribution rest = residual(t, codes, first);
    while (static_cast<int>(alphas.size()) < terms) {
        alphas.push_back(solve(rest, codes, Solver::golden_section, Signs::both).alpha);
        if (static_cast<int>(alphas.size()) < terms) rest = residual(rest, codes, alphas.back());
    }
    return alphas;
}

std::vector<SumScales> nested_candidates(const Distribution& t, Codes codes, int terms, float single) {
    const double largest = std::copysign(max_abs(t, codes).alpha, single);
    std::vector<SumScales> candidates{evaluate(t, codes, one_by_one(t, codes, single, terms))};
    for (int j = 1; j <= kNestedCandidates; ++j) {
        const float first = signed_storable(largest * j / kNestedCandidates, codes);
        candidates.push_back(evaluate(t, codes, one_by_one(t, codes, first, terms)));
    }
    return candidates;
}

/// alpha_i = alpha_1 / ratio^(i - 1), its sign that of alpha_1 or alternating.
std::vector<SumScales> series_candidates(const Distribution& t, Codes codes, int terms, float single) {
    constexpr double kRatioStep = 1.25, kReachStep = 1.1, kSmallestReach = 0.2;
    const double largest = std::copysign(max_abs(t, codes).alpha, single);
    const double largest_ratio = 1.2 * (codes.highest - codes.lowest + 1);
    std::vector<SumScales> candidates;
    for (double ratio = 1; ratio < largest_ratio; ratio *= kRatioStep) {
        double sum = 0, term = 1;
        for (int i = 0; i < terms; ++i, term /= ratio) sum += term;
        for (double reach = 1; reach > kSmallestReach; reach /= kReachStep)
            for (const double turn : {1.0, -1.0}) {
                std::vector<float> alphas;
                double alpha = largest * reach / sum;
                for (int i = 0; i < terms; ++i, alpha *= turn / ratio)
                    alphas.push_back(signed_storable(alpha, codes));
                candidates.push_back(evaluate(t, codes, std::move(alphas)));
            }
    }
    return candidates;
}

/// Solves G x = b for a symmetric positive semidefinite G by elimination. Empty if G is singular.
std::vector<double> solve_symmetric(std::vector<std::vector<double>> g, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t i = 0; i < n; ++i) {
        if (!(g[i][i] > 0)) return {};
        for (std::size_t r = i + 1; r < n; ++r) {
            const double factor = g[r][i] / g[i][i];
            for (std::size_t c = i; c < n; ++c) g[r][c] -= factor * g[i][c];
            b[r] -= factor * b[i];
        }
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t c = i + 1; c < n; ++c) b[i] -= g[i][c] * b[c];
        b[i] /= g[i][i];
    }
    return b;
}

/// The alphas that are best for the codes of the nearest sums: sum_j <T~_i, T~_j> alpha_j = <T, T~_i>.
std::vector<float> least_squares(const Distribution& t, Codes codes, const std::vector<float>& alphas) {
    const std::size_t terms = alphas.size();
    std::vector<std::vector<double>> g(terms, std::vector<double>(terms, 0.0));
    std::vector<Twofold> product(terms);
    for_each_cell(t, points_of(alphas, codes), [&](const Point& p, const Sums& sums) {
        for (std::size_t i = 0; i < terms; ++i) {
            product[i] = product[i] + sums.values * p.codes[i];
            for (std::size_t j = 0; j < terms; ++j)
                g[i][j] += static_cast<double>(p.codes[i] * p.codes[j] * sums.count);  // integers: exact
        }
    });
    std::vector<double> b(terms);
    for (std::size_t i = 0; i < terms; ++i) b[i] = product[i].value();
    std::vector<float> best;
    for (double alpha : solve_symmetric(g, b)) best.push_back(signed_storable(alpha, codes));
    return best;
}

/// Until a step lowers the error by less than this share.
SumScales alternate(const Distribution& t, Codes codes, SumScales best, double share) {
    for (;;) {
        std::vector<float> alphas = least_squares(t, codes, best.alphas);
        if (alphas.empty()) return best;
        SumScales next = evaluate(t, codes, std::move(alphas));
        if (!(next.error < best.error)) return best;
        const bool done = next.error > best.error * (1 - share);
        best = std::move(next);
        if (done) return best;
    }
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

SumScales evaluate(const Distribution& t, Codes codes, std::vector<float> alphas) {
    Twofold error;
    for_each_cell(t, points_of(alphas, codes), [&](const Point& p, const Sums& sums) {
        const Twofold square = exact_product(p.value, p.value);
        error = error + sums.squares - sums.values * (2 * p.value) + square * static_cast<double>(sums.count);
    });
    return {std::move(alphas), std::max(error.value(), 0.0)};
}

const Point& nearest(const std::vector<Point>& points, float t) {
    const auto above = std::lower_bound(points.begin(), points.end(), static_cast<double>(t),
                                        [](const Point& p, double value) { return p.value < value; });
    if (above == points.begin()) return points.front();
    const auto below = above - 1;
    return above == points.end() || t < boundary(*below, *above) ? *below : *above;
}

SumScales dual(const Distribution& t, Codes codes, int terms, SumSearch search) {
    double points = 1;
    for (int i = 0; i < terms; ++i) points *= codes.highest - codes.lowest + 1;
    if (terms < 1 || terms > kMaxTerms || points > kMaxPoints)
        throw BadInput("mmse", "terms of a sum", "1 to 4, at most 16 bits in all", std::to_string(terms));
    const Scale single = solve(t, codes, Solver::exact, Signs::both);
    std::vector<float> one(static_cast<std::size_t>(terms), 0.0f);
    one[0] = single.alpha;
    SumScales best{one, single.error};
    if (terms == 1 || single.error == 0) return best;

    const auto start_from = [&](std::vector<SumScales> candidates) {
        std::stable_sort(candidates.begin(), candidates.end(),
                         [](const SumScales& a, const SumScales& b) { return a.error < b.error; });
        candidates.resize(std::min(candidates.size(), kStarts));
        for (const SumScales& start : candidates) {
            SumScales end = alternate(t, codes, start, kSlow);
            if (end.error < best.error) best = std::move(end);
        }
    };
    start_from(nested_candidates(t, codes, terms, single.alpha));
    if (search == SumSearch::nested_and_series) start_from(series_candidates(t, codes, terms, single.alpha));
    return alternate(t, codes, std::move(best), 0);
}

}  // namespace nibble::mmse
