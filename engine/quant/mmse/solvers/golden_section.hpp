// Golden-section search (Kiefer, "Sequential minimax search for a maximum", 1953) on (0, max-abs scale]: two
// inner points divide the interval by the golden ratio, the part beyond the worse one is dropped. Finds the
// minimum of a unimodal function; E is not quite one, so this may end beside the best minimum.
#pragma once

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

/// Each divides the interval by 1.618: after 40, it is 4e-9 of what it was.
inline constexpr int kGoldenSteps = 40;

Scale golden_section(const Distribution& t, Codes codes);

}  // namespace nibble::mmse
