// All solvers of the scale problem, by name.
#pragma once

#include <string>

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

enum class Solver { max_abs, max_abs_full, alternating, golden_section, grid, exact };

inline constexpr Solver kSolvers[] = {Solver::max_abs,        Solver::max_abs_full, Solver::alternating,
                                      Solver::golden_section, Solver::grid,         Solver::exact};

/// "max-abs", "max-abs-full", "alternating", "golden-section", "grid", "exact"
std::string to_string(Solver solver);

enum class Signs {
    positive,  ///< alpha > 0
    both  ///< alpha < 0 too: where codes are not symmetric (-8..7), the tensor can be better off mirrored
};

/// Max-abs, in both forms, is positive in any case. Of equal errors the positive scale.
Scale solve(const Distribution& t, Codes codes, Solver solver, Signs signs);

}  // namespace nibble::mmse
