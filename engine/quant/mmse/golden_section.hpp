// Golden-section search (Kiefer, "Sequential minimax search for a maximum", 1953) on (0, max-abs scale]: two
// inner points divide the interval by the golden ratio, the part beyond the worse one is dropped. Finds the
// minimum of a unimodal function; E is not quite one, so this may end beside the best minimum.
#pragma once

#include "engine/quant/mmse/problem.hpp"

namespace nibble::mmse {

/// Each divides the interval by 1.618: after 24, it is 1e-5 of what it was, and E near its
/// minimum within 1e-10.
inline constexpr int kGoldenSteps = 24;

Scale golden_section(const Distribution& t, Codes codes);

}  // namespace nibble::mmse
