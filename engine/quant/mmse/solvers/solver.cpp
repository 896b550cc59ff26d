#include "engine/quant/mmse/solvers/solver.hpp"

#include "engine/quant/mmse/solvers/alternating.hpp"
#include "engine/quant/mmse/solvers/exact.hpp"
#include "engine/quant/mmse/solvers/golden_section.hpp"
#include "engine/quant/mmse/solvers/grid.hpp"
#include "engine/quant/mmse/solvers/max_abs.hpp"

namespace nibble::mmse {
namespace {

Scale solve_positive(const Distribution& t, Codes codes, Solver solver) {
    switch (solver) {
        case Solver::max_abs:
            return max_abs(t, codes);
        case Solver::max_abs_full:
            return max_abs_full(t, codes);
        case Solver::alternating:
            return alternating(t, codes);
        case Solver::golden_section:
            return golden_section(t, codes);
        case Solver::grid:
            return grid(t, codes);
        case Solver::exact:
            return exact(t, codes);
    }
    return {};
}

}  // namespace

std::string to_string(Solver solver) {
    switch (solver) {
        case Solver::max_abs:
            return "max-abs";
        case Solver::max_abs_full:
            return "max-abs-full";
        case Solver::alternating:
            return "alternating";
        case Solver::golden_section:
            return "golden-section";
        case Solver::grid:
            return "grid";
        case Solver::exact:
            return "exact";
    }
    return {};
}

Scale solve(const Distribution& t, Codes codes, Solver solver, Signs signs) {
    const Scale positive = solve_positive(t, codes, solver);
    const bool searches = solver != Solver::max_abs && solver != Solver::max_abs_full;
    if (signs == Signs::positive || codes.symmetric() || !searches) return positive;
    Scale negative = solve_positive(t, codes.mirrored(), solver);
    if (negative.error >= positive.error) return positive;
    negative.alpha = -negative.alpha;
    return negative;
}

}  // namespace nibble::mmse
