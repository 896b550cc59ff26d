// The accuracy that the paper's reporting tool states: the largest smoothed one.
#pragma once

#include <optional>
#include <vector>

#include "experiments/pipeline/training.hpp"

namespace nibble::aqt {

/// With a_e the top-1 accuracy on the test images after epoch e, for the epochs E that have one,
///
///     s_e = sum over d in E of w(e - d) a_d / sum over d in E of w(e - d),     w(x) = max(0, 5/2 - |x|)
///
/// (a triangular window 5 epochs wide: weights 0.5, 1.5, 2.5, 1.5, 0.5), and the result is the largest s_e
/// over e in E. Epochs without an evaluation count nowhere, neither as centre nor in a window: that holds for
/// gaps, and for the epochs before activations are quantized, whose networks are not the ones that are
/// deployed. So near the first and last evaluation and beside gaps the window keeps the weights that fall on
/// evaluations, scaled to the sum 1; one evaluation alone is its own smoothed value. Nothing without
/// evaluations.
///
/// The paper's tool evaluates four times an epoch, and lets evaluations from before quantization into the
/// windows (not to their centres); otherwise it does this.
std::optional<double> smoothed_maximum(const std::vector<EpochRecord>& history);

}  // namespace nibble::aqt
