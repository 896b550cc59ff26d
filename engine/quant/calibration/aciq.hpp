// Analytical clipping: the threshold alpha of least expected squared error if activations followed a Laplace
// density of scale b. M bits, uniform rounding noise between -alpha and alpha, clipping beyond:
//
//   2 b^2 e^(-alpha/b) + alpha^2 / (3 * 4^M),   least where  alpha/b = 3 * 4^M e^(-alpha/b)
//
// Banner, Nahshan, Soudry, "Post training 4-bit quantization of convolutional networks for rapid-deployment"
// (arXiv 1810.05723; "ACIQ"), section 3. After ReLU one half of the density is left, and all codes are for
// it: the same equations with one bit more.
//
// b = mean |x|, around 0, where symmetric codes lie, and without zeros, so that the share of values that ReLU
// cut off does not matter.
#pragma once

#include "engine/quant/calibration/histogram.hpp"

namespace nibble {

/// alpha / b for M bits, 1 <= M <= 16.
double aciq_ratio(int bits);

/// Not above max |x|. 0 for a tensor of zeros. Throws BadInput when nothing was counted.
double aciq_threshold(const Histogram& histogram, int bits);

}  // namespace nibble
