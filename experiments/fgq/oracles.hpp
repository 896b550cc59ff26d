// What theory says of ternary weights without any network.
#pragma once

#include <vector>

namespace nibble::fgq {

/// Expected relative squared errors of ternary groups at their optimum, and shares of weights that are not 0,
/// for independent weights of two densities (by simulation; tests/engine/quant/fgq/oracles.cpp finds the same
/// within 1 %).
struct Oracle {
    int group;
    double gaussian_error, gaussian_density, laplace_error, laplace_density;
};
inline const std::vector<Oracle> kOracles{
    {2, 0.0499, 0.750, 0.0427, 0.707},  {4, 0.1006, 0.631, 0.0956, 0.543},
    {8, 0.1408, 0.578, 0.1507, 0.451},  {16, 0.1651, 0.558, 0.1972, 0.405},
    {32, 0.1774, 0.550, 0.2299, 0.383}, {64, 0.1842, 0.544, 0.2478, 0.375}};

}  // namespace nibble::fgq
