// What tables, plots and claims of this experiment ask of methods and of their results.
#pragma once

#include <string>
#include <vector>

#include "engine/quant/mmse/method.hpp"
#include "experiments/reports/result_table.hpp"

namespace nibble::mmse {

inline constexpr const char* kFloat = "f32";

/// Relative squared error of the weights over all layers of more than 0 bits, each layer counting alike: what
/// solvers are compared by. Layers with wide ends are left out.
double mean_weight_error(const Result& result);

/// "weights per tensor, max-abs": what a method's settings mean, bits aside.
std::string describe(const Method& method);

}  // namespace nibble::mmse
