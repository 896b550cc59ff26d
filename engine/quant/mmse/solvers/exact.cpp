#include "engine/quant/mmse/solvers/exact.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <vector>

namespace nibble::mmse {
namespace {

/// Intervals with so few breakpoints are swept instead of halved.
constexpr std::size_t kFewBreakpoints = 64;
/// Bounds are rounded: only what is this much above the best error is dropped.
constexpr double kCertain = 1 + 1e-12;

struct Interval {
    float a, b;
    double bound;             ///< E is nowhere lower on [a, b]
    std::size_t breakpoints;  ///< in (a, b]
    /// std::priority_queue puts the largest first; we want the lowest bound.
    friend bool operator<(const Interval& x, const Interval& y) {
        return x.bound != y.bound ? x.bound > y.bound : x.a < y.a;
    }
};

/// Distinct values between codes k and k + 1: their quotient passes k + 1/2 for some alpha in [a, b].
struct Crossing {
    std::size_t first, last;
};

Crossing crossing(const Distribution& t, int k, double a, double b) {
    const double half = k + 0.5;
    return {t.below(std::min(half * a, half * b)), t.below(std::max(half * a, half * b))};
}

Interval bounded(const Distribution& t, Codes codes, float a, float b) {
    Interval interval{a, b, 0, 0};
    Twofold squares, product;
    std::int64_t energy = 0;
    std::size_t done = 0;
    const auto same_code = [&](int k, std::size_t last) {
        if (last <= done) return;
        const Sums sums = t.between(done, last);
        squares = squares + sums.squares;
        product = product + sums.values * k;
        energy += std::int64_t{k} * k * sums.count;
    };
    for (int k = codes.lowest; k < codes.highest; ++k) {
        const Crossing between = crossing(t, k, a, b);
        same_code(k, between.first);
        const double distance = 0.5 * a - std::abs(k + 0.5) * (static_cast<double>(b) - a);
        if (distance > 0)
            interval.bound +=
                distance * distance * static_cast<double>(t.between(between.first, between.last).count);
        interval.breakpoints += between.last - between.first;
        done = std::max(done, between.last);
    }
    same_code(codes.highest, t.size());
    const Fit fit{product, energy};
    const double best = std::clamp(fit.best_scale(), static_cast<double>(a), static_cast<double>(b));
    interval.bound += fit.squared_error(squares, best);
    return interval;
}

class Search {
  public:
    Search(const Distribution& t, Codes codes) : t_(t), codes_(codes), best_{0, t.squared_norm().value()} {}

    Scale run() {
        if (t_.magnitude() == 0) return best_;
        push(storable(0, codes_), storable(2.0 * t_.magnitude(), codes_));  // beyond, all codes are 0
        while (!queue_.empty() && can_win(queue_.top().bound)) {
            const Interval interval = queue_.top();
            queue_.pop();
            const auto middle =
                static_cast<float>(interval.a + (static_cast<double>(interval.b) - interval.a) / 2);
            if (interval.breakpoints <= kFewBreakpoints) {
                sweep(interval);
            } else if (middle == interval.a || middle == interval.b) {  // no float between them
                visit(interval.a);
                visit(interval.b);
            } else {
                push(interval.a, middle);
                push(middle, interval.b);
            }
        }
        return best_;
    }

    ExactCost cost;

  private:
    bool can_win(double error) const { return error <= best_.error * kCertain; }

    void push(float a, float b) {
        ++cost.intervals;
        const Interval interval = bounded(t_, codes_, a, b);
        if (can_win(interval.bound)) queue_.push(interval);
    }

    void visit(double alpha) {
        ++cost.scales;
        const Scale scale = evaluate(t_, codes_, storable(alpha, codes_));
        if (better(scale, best_)) best_ = scale;
    }

    void visit_vertex(const Fit& piece) {
        const double vertex = piece.best_scale();
        if (vertex > 0 && can_win(piece.squared_error(t_.squared_norm(), vertex))) visit(vertex);
    }

    /// All pieces of an interval, from a to b.
    void sweep(const Interval& interval) {
        struct Breakpoint {
            double alpha;
            std::size_t value;
            int k;  ///< codes k and k + 1
        };
        std::vector<Breakpoint> breakpoints;
        breakpoints.reserve(interval.breakpoints);
        for (int k = codes_.lowest; k < codes_.highest; ++k) {
            const Crossing between = crossing(t_, k, interval.a, interval.b);
            for (std::size_t i = between.first; i < between.last; ++i)
                breakpoints.push_back({t_.values()[i] / (k + 0.5), i, k});
        }
        std::sort(breakpoints.begin(), breakpoints.end(),
                  [](const Breakpoint& x, const Breakpoint& y) { return x.alpha < y.alpha; });
        cost.breakpoints += breakpoints.size();

        Fit piece = fit(t_, codes_, interval.a);
        visit_vertex(piece);
        for (const Breakpoint& at : breakpoints) {
            // As alpha grows, positive values go from code k + 1 to k, negative ones from k to k + 1.
            const Sums sums = t_.between(at.value, at.value + 1);
            const std::int64_t energy = (2 * at.k + 1) * sums.count;
            if (at.k >= 0) {
                piece.product = piece.product - sums.values;
                piece.energy -= energy;
            } else {
                piece.product = piece.product + sums.values;
                piece.energy += energy;
            }
            visit_vertex(piece);
        }
    }

    const Distribution& t_;
    const Codes codes_;
    Scale best_;
    std::priority_queue<Interval> queue_;
};

}  // namespace

Scale exact(const Distribution& t, Codes codes, ExactCost* cost) {
    Search search(t, codes);
    const Scale best = search.run();
    if (cost) *cost = search.cost;
    return best;
}

}  // namespace nibble::mmse
