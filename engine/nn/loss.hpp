// Softmax cross-entropy with optional label smoothing.
//
//   p = softmax(z),  t = (1 - smoothing) onehot(label) + smoothing / classes
//   loss = - sum_c t_c log p_c,   dz = (p - t) * weight
#pragma once

#include <cstdint>
#include <span>

namespace nibble {

struct Loss {
    double value;
    int predicted;  ///< arg max of the logits, the first of equals; NaN never wins
};

/// Loss of one image. Writes the gradient times `weight` (1 / batch for a mean) unless `gradient` is empty.
Loss softmax_cross_entropy(std::span<const float> logits, std::int32_t label, double smoothing, double weight,
                           std::span<float> gradient);

}  // namespace nibble
