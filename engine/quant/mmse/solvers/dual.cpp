#include "engine/quant/mmse/solvers/dual.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

#include "engine/core/error.hpp"
#include "engine/quant/mmse/solvers/golden_section.hpp"
#include "engine/quant/mmse/solvers/max_abs.hpp"
#include "engine/quant/mmse/solvers/solver.hpp"

namespace nibble::mmse {
namespace {

/// Alternation from many starts goes on while a step lowers the error by this share; from the best one, to
/// the end.
constexpr double kSlow = 1e-3;

// Candidates are compared, and improved from many starts, in plain doubles; where those lead, with care.
constexpr double kSurelyWorse = 1 + 1e-5;

double to_double(double x) {
    return x;
}
double to_double(Twofold x) {
    return x.value();
}
template <class Real>
Real from(Twofold x) {
    if constexpr (std::is_same_v<Real, Twofold>)
        return x;
    else
        return x.value();
}

/// For the codes T~_i of the nearest sums: all that the error and the best alphas need to know of them.
template <class Real>
struct SumFit {
    std::array<Real, kMaxTerms> product{};                          ///< <T, T~_i>
    std::array<std::array<double, kMaxTerms>, kMaxTerms> energy{};  ///< <T~_i, T~_j>, whole numbers
};

template <class Real>
SumFit<Real> fit(const Distribution& t, Codes codes, const std::vector<float>& alphas) {
    SumFit<Real> fit;
    for_each_cell(t, points_of(alphas, codes), [&](const Point& p, std::size_t first, std::size_t last) {
        const RoundedSums &a = t.rounded_up_to(first), &b = t.rounded_up_to(last);
        Real values;
        if constexpr (std::is_same_v<Real, Twofold>)
            values = t.up_to(last).values - t.up_to(first).values;
        else
            values = b.values - a.values;
        for (std::size_t i = 0; i < alphas.size(); ++i) {
            const double code = p.codes[i];
            fit.product[i] = fit.product[i] + values * code;
            for (std::size_t j = 0; j <= i; ++j) fit.energy[i][j] += code * p.codes[j] * (b.count - a.count);
        }
    });
    for (std::size_t i = 0; i < alphas.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) fit.energy[j][i] = fit.energy[i][j];
    return fit;
}

/// ||T||^2 - sum_i alpha_i (2 <T, T~_i> - sum_j alpha_j <T~_i, T~_j>)
template <class Real>
double squared_error(const SumFit<Real>& fit, Twofold squared_norm, const std::vector<float>& alphas) {
    Real error = from<Real>(squared_norm);
    for (std::size_t i = 0; i < alphas.size(); ++i) {
        Real inner = fit.product[i] * 2.0;
        for (std::size_t j = 0; j < alphas.size(); ++j)
            inner = inner - from<Real>(exact_product(fit.energy[i][j], alphas[j]));
        error = error - inner * static_cast<double>(alphas[i]);
    }
    return std::max(to_double(error), 0.0);
}

template <class Real>
SumScales evaluated(const Distribution& t, Codes codes, std::vector<float> alphas) {
    const double error = squared_error(fit<Real>(t, codes, alphas), t.squared_norm(), alphas);
    return {std::move(alphas), error};
}

float signed_storable(double alpha, Codes codes) {
    return std::copysign(storable(std::abs(alpha), codes), static_cast<float>(alpha));
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
    std::vector<SumScales> candidates{evaluated<double>(t, codes, one_by_one(t, codes, single, terms))};
    for (int j = 1; j <= kNestedCandidates; ++j) {
        const float first = signed_storable(largest * j / kNestedCandidates, codes);
        candidates.push_back(evaluated<double>(t, codes, one_by_one(t, codes, first, terms)));
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
                candidates.push_back(evaluated<double>(t, codes, std::move(alphas)));
            }
    }
    return candidates;
}

/// The alphas that are best for these codes: sum_j <T~_i, T~_j> alpha_j = <T, T~_i>, by elimination. Empty if
/// there is more than one solution.
template <class Real>
std::vector<float> least_squares(const SumFit<Real>& fit, std::size_t terms, Codes codes) {
    std::array<std::array<double, kMaxTerms + 1>, kMaxTerms> rows{};
    for (std::size_t i = 0; i < terms; ++i) {
        for (std::size_t j = 0; j < terms; ++j) rows[i][j] = fit.energy[i][j];
        rows[i][terms] = to_double(fit.product[i]);
    }
    for (std::size_t i = 0; i < terms; ++i) {
        if (!(rows[i][i] > 0)) return {};
        for (std::size_t r = 0; r < terms; ++r) {
            if (r == i) continue;
            const double factor = rows[r][i] / rows[i][i];
            for (std::size_t c = i; c <= terms; ++c) rows[r][c] -= factor * rows[i][c];
        }
    }
    std::vector<float> alphas;
    for (std::size_t i = 0; i < terms; ++i)
        alphas.push_back(signed_storable(rows[i][terms] / rows[i][i], codes));
    return alphas;
}

/// Until a step lowers the error by less than this share.
template <class Real>
SumScales alternate(const Distribution& t, Codes codes, SumScales best, double share) {
    SumFit<Real> now = fit<Real>(t, codes, best.alphas);
    for (;;) {
        std::vector<float> alphas = least_squares(now, best.alphas.size(), codes);
        if (alphas.empty()) return best;
        now = fit<Real>(t, codes, alphas);
        const double error = squared_error(now, t.squared_norm(), alphas);
        if (!(error < best.error)) return best;
        const bool done = error > best.error * (1 - share);
        best = {std::move(alphas), error};
        if (done) return best;
    }
}

}  // namespace

SumScales evaluate(const Distribution& t, Codes codes, std::vector<float> alphas) {
    return evaluated<Twofold>(t, codes, std::move(alphas));
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
        std::ranges::stable_sort(candidates, {}, &SumScales::error);
        candidates.resize(std::min(candidates.size(), kStarts));
        for (const SumScales& start : candidates) {
            SumScales end = alternate<double>(t, codes, start, kSlow);
            if (end.error > best.error * kSurelyWorse || end.alphas == best.alphas) continue;
            end = evaluate(t, codes, std::move(end.alphas));
            if (end.error < best.error) best = std::move(end);
        }
    };
    start_from(nested_candidates(t, codes, terms, single.alpha));
    if (search == SumSearch::nested_and_series) start_from(series_candidates(t, codes, terms, single.alpha));
    return alternate<Twofold>(t, codes, std::move(best), 0);
}

}  // namespace nibble::mmse
