// The scale with the smallest error of all floats: an exact solver for the scale problem, which is not
// convex.
//
// E is piecewise. Between two breakpoints, scales where some |t| / alpha crosses a half-integer, the codes q
// stay the same and E is the parabola ||T||^2 - 2 alpha <T, q> + alpha^2 <q, q> with its vertex at <T, q> /
// <q, q>. A code is the nearest one, so E is the lowest of all these parabolas at every alpha. Hence:
//
//   The best float is the float next to the vertex of the codes at the best float. For these codes' parabola
//   is nowhere below E, and nowhere lower on floats than there.
//
// So it is enough to visit the vertex of every piece that contains a float: breakpoints in ascending order,
// each changing <T, q> by t and <q, q> by an odd number (sweep). There are n * highest of them. Most are
// never visited: on an interval [a, b] of scales, values with the same code at a and b have a known parabola,
// and values near a breakpoint are at least a/2 - (k + 1/2)(b - a) away from both codes. Both together bound
// E on the interval from below. Intervals are halved in order of their bound, until the lowest is above an
// error already reached.
#pragma once

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

/// What the search had to do.
struct ExactCost {
    std::size_t intervals = 0;    ///< bounded
    std::size_t breakpoints = 0;  ///< passed in sweeps
    std::size_t scales = 0;       ///< evaluated
};

Scale exact(const Distribution& t, Codes codes, ExactCost* cost = nullptr);

}  // namespace nibble::mmse
