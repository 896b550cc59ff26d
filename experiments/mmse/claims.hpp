// The claims of the paper, judged from the cells of one profile.
#pragma once

#include <vector>

#include "experiments/harness/claims.hpp"
#include "experiments/mmse/cells.hpp"

namespace nibble::mmse {

/// Two networks of one accuracy differ by about this many points on a test set of 10,000 images: a difference
/// without draws counts with this margin.
inline constexpr double kMargin = 0.2;

/// One function a claim, in the order of their numbers.
Claim four_bits_without_training(const Cells& cells);  ///< 1
Claim mmse_beats_max_abs(const Cells& cells);          ///< 2
Claim kernels_matter_more(const Cells& cells);         ///< 3
Claim alternating_gets_stuck(const Cells& cells);      ///< 4
Claim few_duals_suffice(const Cells& cells);           ///< 5
Claim refinement_helps(const Cells& cells);            ///< 6
Claim small_sets_suffice(const Cells& cells);          ///< 7
Claim papers_figures();                                ///< 8
Claim detection();                                     ///< 9
/// Ours, not the paper's: 8 bits everywhere are as good as floats.
Claim eight_bits_are_enough(const Cells& cells);  ///< 10

std::vector<Claim> claims(const Cells& cells);

}  // namespace nibble::mmse
