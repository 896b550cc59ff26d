// The claims of the paper, judged from the cells of one profile (shared rules: experiments/reports/claims.hpp).
#pragma once

#include <vector>

#include "experiments/mmse/methods.hpp"
#include "experiments/reports/comparison.hpp"

namespace nibble::mmse {

/// One function a claim, in the order of their numbers.
Claim four_bits_without_training(const ResultTable& table);      ///< 1
Claim mmse_beats_max_abs(const ResultTable& table);              ///< 2
Claim channel_scales_matter_more(const ResultTable& table);      ///< 3
Claim alternating_gets_stuck(const ResultTable& table);          ///< 4
Claim few_duals_suffice(const ResultTable& table);               ///< 5
Claim refinement_helps(const ResultTable& table);                ///< 6
Claim small_sets_suffice(const ResultTable& table);              ///< 7a
Claim activations_are_more_sensitive(const ResultTable& table);  ///< 7b
Claim papers_figures(const ResultTable& table);                  ///< 8
Claim detection();                                               ///< 9
/// Ours, not the paper's: 8 bits everywhere are as good as floats.
Claim eight_bits_are_enough(const ResultTable& table);  ///< 10
/// Ours: unbiased scales with corrected biases.
Claim unbiased_scales_help(const ResultTable& table);  ///< 11

std::vector<Claim> claims(const ResultTable& table);

}  // namespace nibble::mmse
