// Analytical clipping: the threshold alpha of least expected squared error if activations followed a known
// density, from one statistic of them. M bits, uniform rounding noise between -alpha and alpha, clipping
// beyond:
//
//   Laplace(0, b):       2 b^2 e^(-alpha/b) + alpha^2 / (3 * 4^M)
//                        least where  alpha/b = 3 * 4^M e^(-alpha/b)
//   Gaussian(0, sigma):  (alpha^2 + sigma^2) erfc(z / sqrt 2) - sqrt(2/pi) alpha sigma e^(-z^2/2)
//                        + alpha^2 / (3 * 4^M),   z = alpha / sigma
//                        least where  z erfc(z / sqrt 2) - sqrt(2/pi) e^(-z^2/2) + z / (3 * 4^M) = 0
//
// Banner, Nahshan, Soudry, "Post training 4-bit quantization of convolutional networks for rapid-deployment"
// (arXiv 1810.05723; "ACIQ"), section 3. After ReLU one half of the density is left, and all codes are for
// it: the same equations with one bit more.
//
// Statistics are taken around 0, where symmetric codes lie, and without zeros, so that the share of values
// that ReLU cut off does not matter: b = mean |x|, sigma^2 = mean x^2.
#pragma once

#include "engine/quant/histogram.hpp"

namespace nibble {

enum class Density { laplace, gaussian };

/// alpha / b or alpha / sigma for M bits, 1 <= M <= 16.
double aciq_ratio(Density density, int bits);

/// Not above max |x|. 0 for a tensor of zeros. Throws BadInput when nothing was counted.
double aciq_threshold(const Histogram& histogram, int bits, Density density);

}  // namespace nibble
