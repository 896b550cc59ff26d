// Percentile clipping: the threshold below which a given percentage of all magnitudes lie, so that the
// largest ones are clipped whatever they are. 99.9, 99.99 and 99.999 are usual.
//
// Wu, Judd, Zhang, Isaev, Micikevicius, "Integer Quantization for Deep Learning Inference: Principles and
// Empirical Evaluation" (arXiv 2004.09602), section 5.
#pragma once

#include "engine/quant/calibration/histogram.hpp"

namespace nibble {

/// The upper edge of the bin where the share is reached, zeros counted too; max |x| at 100. Throws BadInput
/// unless 0 < percent <= 100 and something was counted.
double percentile_threshold(const Histogram& histogram, double percent);

}  // namespace nibble
