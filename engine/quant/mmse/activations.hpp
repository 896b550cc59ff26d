// Activations by minimal mean squared error: one scale per tensor, the scale problem (problem.hpp) over all
// values of the calibration set, sum_i ||X_i - alpha X~_i||^2, from their histogram. Each bin stands for its
// values by its middle, with the variance of a uniform density in it (Sheppard's correction).
#pragma once

#include "engine/quant/calibration/histogram.hpp"
#include "engine/quant/mmse/solvers/solver.hpp"

namespace nibble::mmse {

/// Unsigned codes where nothing is negative (after ReLU), else signed ones of the full range; alpha > 0, as
/// quantizers have it. A tensor of zeros gets step 1. Throws BadInput for an empty histogram.
Quantizer quantize_activations(const Histogram& histogram, int bits, Solver solver = Solver::exact);

/// The same with a zero point where values are negative: as many negative codes as give the smallest error. Their number is
/// searched in steps from half of the codes down to 1, each tried in both directions: all others are not looked at.
Quantizer quantize_activations_asymmetric(const Histogram& histogram, int bits,
                                          Solver solver = Solver::exact);

/// The same with a scale for each channel, codes as the scheme has them.
Quantizer quantize_channels(const Scheme& scheme, const std::vector<Histogram>& channels);

/// ||X - X~||^2 / ||X||^2 for any quantizer, whatever chose it; 0 for a tensor of zeros.
double relative_error(const Histogram& histogram, const Quantizer& quantizer);

}  // namespace nibble::mmse
