// The claims of "Ternary Neural Networks with Fine-Grained Quantization" that this experiment can test,
// judged from its cells (shared rules: experiments/reports/claims.hpp).
#pragma once

#include <vector>

#include "experiments/reports/claims.hpp"
#include "experiments/reports/study.hpp"

namespace nibble::fgq {

/// One function a claim, in the order of their numbers.
Claim groups_of_four_without_training(const Study& study);  ///< 1
Claim four_bit_activations(const Study& study);             ///< 2
Claim depth_tolerates(const Study& study);                  ///< 3
Claim accuracy_falls_with_groups(const Study& study);       ///< 4a
Claim large_groups_need_training(const Study& study);       ///< 4b
Claim fine_tuning_recovers(const Study& study);             ///< 5
Claim multiplications_go(const Study& study);               ///< 6
Claim speed();                                              ///< 7
Claim two_thresholds_help(const Study& study);              ///< 8
Claim batch_norm_is_essential(const Study& study);          ///< 9
Claim optimum_beats_twn(const Study& study);                ///< 10a
Claim optimum_matters_in_small_groups(const Study& study);  ///< 10b
Claim first_layer_needs_bits(const Study& study);           ///< 11
/// Ours, not the paper's: at equal storage 4-bit integers are more accurate.
Claim integers_at_equal_storage(const Study& study);  ///< 12

std::vector<Claim> claims(const Study& study);

}  // namespace nibble::fgq
