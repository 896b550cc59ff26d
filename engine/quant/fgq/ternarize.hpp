// Ternary approximation of one group of weights, as in "Ternary Neural Networks with Fine-Grained
// Quantization" (arXiv 1705.01462): W ~ alpha W^, W^_i in {-1, 0, 1}, and E = ||W - alpha W^||^2 small.
//
//     W^_i  = sign(W_i) where |W_i| >= Delta, else 0          I = the positions of what is not 0
//     alpha = (sum over I of |W_i|) / |I|                      the best one for any I
//     E     = ||W||^2 - (sum over I of |W_i|)^2 / |I|          with that alpha
//
// The rules differ in Delta:
//
//     exact         The best I of t positions holds the t largest magnitudes, whatever t. So with magnitudes
//                   in falling order and S_t the sum of the first t, I is the t that maximizes S_t^2 / t.
//     twn           Delta = 0.7 mean |W|: "Ternary Weight Networks" (arXiv 1605.04711), of an argument from
//                   normal and uniform weights.
//     exponential   |W| exponential of rate lambda: S^2 / |I| is e^(-lambda Delta) (Delta + 1 / lambda)^2,
//                   largest at Delta = 1 / lambda = mean |W|. (Its alpha is 2 mean |W|; here alpha is the
//                   mean of the group's own I in any case.)
#pragma once

#include <span>

namespace nibble::fgq {

enum class Rule { exact, twn, exponential };

inline constexpr Rule kRules[] = {Rule::exact, Rule::twn, Rule::exponential};

struct Ternary {
    double threshold = 0;  ///< Delta; any magnitude from it on, zeros left out, is in I
    double scale = 0;      ///< alpha; 0 for a group of zeros
};

/// By the magnitudes of a group's weights, finite, in any order; they are sorted. Of equal errors `exact`
/// takes the fewest positions.
Ternary ternarize(Rule rule, std::span<float> magnitudes);

}  // namespace nibble::fgq
