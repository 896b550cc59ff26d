// The claims of "Ternary Neural Networks with Fine-Grained Quantization" that this experiment can test,
// judged from its cells (shared rules: experiments/reports/claims.hpp).
#pragma once

#include <vector>

#include "experiments/reports/comparison.hpp"

namespace nibble::fgq {

/// One function a claim, in the order of their numbers.
Claim groups_of_four_without_training(const ResultTable& table);  ///< 1
Claim four_bit_activations(const ResultTable& table);             ///< 2
Claim depth_tolerates(const ResultTable& table);                  ///< 3
Claim accuracy_falls_with_groups(const ResultTable& table);       ///< 4a
Claim large_groups_need_training(const ResultTable& table);       ///< 4b
Claim fine_tuning_recovers(const ResultTable& table);             ///< 5
Claim multiplications_go(const ResultTable& table);               ///< 6
Claim speed();                                                    ///< 7
Claim two_thresholds_help(const ResultTable& table);              ///< 8
Claim batch_norm_is_essential(const ResultTable& table);          ///< 9
Claim optimum_beats_twn(const ResultTable& table);                ///< 10a
Claim optimum_matters_in_small_groups(const ResultTable& table);  ///< 10b
Claim first_layer_needs_bits(const ResultTable& table);           ///< 11
/// Ours, not the paper's: at equal storage 4-bit integers are more accurate.
Claim integers_at_equal_storage(const ResultTable& table);  ///< 12

std::vector<Claim> claims(const ResultTable& table);

}  // namespace nibble::fgq
