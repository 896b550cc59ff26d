// Grid search: the best of N scales j / N of the max-abs scale, j = 1..N. Never gets stuck, and is off by
// half a grid step at most.
#pragma once

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

inline constexpr int kGridCandidates = 200;

Scale grid(const Distribution& t, Codes codes, int candidates = kGridCandidates);

}  // namespace nibble::mmse
