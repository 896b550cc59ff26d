// What a network's logits are compared with: labels, or the logits of another network.
//
// Softmax cross-entropy with optional label smoothing:
//
//   p = softmax(z),  t = (1 - smoothing) onehot(label) + smoothing / classes
//   loss = - sum_c t_c log p_c,   dz = (p - t) * weight
//
// Squared error:
//
//   loss = sum_c (z_c - t_c)^2,   dz = 2 (z - t) * weight
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

/// Squared distance of one image's logits to their targets. Writes the gradient times `weight` unless
/// `gradient` is empty.
double squared_error(std::span<const float> logits, std::span<const float> targets, double weight,
                     std::span<float> gradient);

}  // namespace nibble
