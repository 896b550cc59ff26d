// Alternating minimization: each half is solved exactly, the other one fixed,
//
//     q <- clamp(round(T / alpha)),    alpha <- <T, q> / <q, q>,
//
// from the max-abs scale until the error stops falling. Ends in a local minimum, often far from the best one.
#pragma once

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

Scale alternating(const Distribution& t, Codes codes);
/// From any other scale.
Scale alternating(const Distribution& t, Codes codes, Scale from);

}  // namespace nibble::mmse
