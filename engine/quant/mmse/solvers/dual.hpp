// Multiple tensors: a tensor that one low-bit tensor cannot approximate becomes the sum of n of them ("dual"
// for n = 2),
//
//     min over alpha_i, T~_i of  || T - sum_i alpha_i T~_i ||^2.
//
// Candidates, then alternation from the best of them. Both its halves are exact: codes <- those of the
// nearest sum, for every value; alphas <- least squares for these codes. Neither can raise the error, and a
// single scale is among the starts: never worse than the best of them.
//
//   nested   as published: for each candidate alpha_1 the residual R = T - alpha_1 q(T / alpha_1) is quantized
//            by the best alpha_2 that golden section finds (and so on with the next residual)
//   series   ours: alphas in a geometric series, a grid over its ratio and over the largest sum
//
// A residual search quantizes with alpha_1 as if it were alone, which leads to alpha_1 / alpha_2 near 2^p and
// to uniform codes of 2p bits. Ratios near 1 or 2 can be better: sums then lie dense around 0 and sparse in
// the tails, as weights do. Both kinds together are the default.
//
// Sums of 4 + 4 bits take at most 256 values, so each step works on a distribution's running sums, whatever
// the size of the tensor.
#pragma once

#include <vector>

#include "engine/quant/mmse/solvers/points.hpp"

namespace nibble::mmse {

/// (Number of codes)^terms, at most.
inline constexpr std::size_t kMaxPoints = 1 << 16;
/// Nested: candidates for alpha_1, j / N of the max-abs scale, with the sign of the best single scale.
inline constexpr int kNestedCandidates = 64;
/// Alternation starts from so many of the best candidates of each kind.
inline constexpr std::size_t kStarts = 16;

enum class SumSearch { nested, nested_and_series };

/// alpha_1 .. alpha_n, of either sign, 0 for a term that is not needed.
struct SumScales {
    std::vector<float> alphas;
    double error = 0;
};

/// Throws BadInput beyond kMaxPoints or kMaxTerms.
SumScales dual(const Distribution& t, Codes codes, int terms = 2,
               SumSearch search = SumSearch::nested_and_series);

/// The error with the nearest sum for every value.
SumScales evaluate(const Distribution& t, Codes codes, std::vector<float> alphas);

}  // namespace nibble::mmse
