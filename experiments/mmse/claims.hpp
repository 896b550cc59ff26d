// The claims of the paper, judged from the cells of one profile (shared rules: experiments/reports/claims.hpp).
#pragma once

#include <vector>

#include "experiments/mmse/methods.hpp"
#include "experiments/reports/claims.hpp"

namespace nibble::mmse {

/// One function a claim, in the order of their numbers.
Claim four_bits_without_training(const Study& cells);      ///< 1
Claim mmse_beats_max_abs(const Study& cells);              ///< 2
Claim kernels_matter_more(const Study& cells);             ///< 3
Claim alternating_gets_stuck(const Study& cells);          ///< 4
Claim few_duals_suffice(const Study& cells);               ///< 5
Claim refinement_helps(const Study& cells);                ///< 6
Claim small_sets_suffice(const Study& cells);              ///< 7a
Claim activations_are_more_sensitive(const Study& cells);  ///< 7b
Claim papers_figures(const Study& cells);                  ///< 8
Claim detection();                                         ///< 9
/// Ours, not the paper's: 8 bits everywhere are as good as floats.
Claim eight_bits_are_enough(const Study& cells);  ///< 10
/// Ours: unbiased scales with corrected biases.
Claim unbiased_scales_help(const Study& cells);  ///< 11

std::vector<Claim> claims(const Study& cells);

}  // namespace nibble::mmse
