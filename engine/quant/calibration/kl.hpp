// Entropy calibration: of all thresholds the one that loses least information, measured by the
// Kullback-Leibler divergence between the clipped histogram and its quantized version.
//
//   for i = levels .. bins:
//       P = bins 0..i-1, what lies above added to the last of them
//       Q = bins 0..i-1 (without what lies above) in `levels` groups;
//           each group's count spread evenly over those of its bins that are not empty
//       divergence(i) = sum P log(P / Q), both normalized
//   threshold = (m + 1/2) * bin width for the i = m of the least divergence
//
// Migacz, "8-bit Inference with TensorRT" (GPU Technology Conference 2017), for 128 levels, those of the
// magnitudes of signed bytes; here the highest code + 1. Where P is not empty and Q is, the divergence is
// infinite. Zeros are left out: they are exact at any scale, and after ReLU they would outweigh everything
// else.
#pragma once

#include "engine/quant/calibration/histogram.hpp"

namespace nibble {

/// Bins that the search uses, at most: neighbours are merged until there are no more.
inline constexpr std::size_t kEntropyBins = 2048;

/// Bits 2 to 8. 0 for a tensor of zeros. Throws BadInput when nothing was counted.
double kl_threshold(const Histogram& histogram, int bits);

}  // namespace nibble
