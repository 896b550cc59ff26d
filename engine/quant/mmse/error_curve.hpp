// The objective of the scale problem as a curve, for looking at: relative error over scale.
#pragma once

#include <utility>
#include <vector>

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

/// (alpha / max-abs scale, E(alpha) / ||T||^2) at the scales j / points of the max-abs one, j = 1..points.
/// Nothing for a tensor of zeros.
std::vector<std::pair<double, double>> error_curve(const Distribution& t, Codes codes, int points);

}  // namespace nibble::mmse
