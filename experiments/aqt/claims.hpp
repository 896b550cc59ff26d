// The claims of "Pareto-Optimal Quantized ResNet Is Mostly 4-bit" that this experiment can test, judged from
// its cells (shared rules: experiments/reports/claims.hpp).
#pragma once

#include <vector>

#include "experiments/reports/comparison.hpp"

namespace nibble::aqt {

/// Epochs of training on CIFAR-10 after which "trained long enough" can be judged: the usual length.
inline constexpr std::size_t kLongEnough = 200;

/// One function a claim, in the order of their numbers.
Claim quantized_dominates_bf16(const ResultTable& table);    ///< 1
Claim mostly_4_bit_is_best(const ResultTable& table);        ///< 2
Claim quantized_beats_float(const ResultTable& table);       ///< 3
Claim gap_falls_with_precision(const ResultTable& table);    ///< 4
Claim wide_ends_are_cheap(const ResultTable& table);         ///< 5
Claim automatic_bounds_suffice(const ResultTable& table);    ///< 6
Claim mean_of_maxima_is_no_worse(const ResultTable& table);  ///< 7
Claim narrow_ends_cost_accuracy(const ResultTable& table);   ///< 8

std::vector<Claim> claims(const ResultTable& table);

}  // namespace nibble::aqt
