// The paper searches thresholds for positive and negative weights apart, with one alpha for both:
//
//     (Delta_p, Delta_n) = argmax (sum over I of |W_i|)^2 / |I|,   I = {W_i >= Delta_p} and {W_i <= -Delta_n}
//
// Nothing can come of it: for any number of positions the largest magnitudes are the best, and these have one
// threshold. This search is here to count that on real weights.
#pragma once

#include <span>

namespace nibble::fgq {

/// The largest (sum over I of |W_i|)^2 / |I| over all pairs of thresholds; 0 for a group of zeros. Takes time
/// quadratic in the size of the group.
double best_gain_of_two_thresholds(std::span<const float> group);

/// The same for one threshold, from ternarize() with Rule::exact.
double best_gain_of_one_threshold(std::span<const float> group);

}  // namespace nibble::fgq
