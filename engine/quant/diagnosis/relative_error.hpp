// How far quantized weights are from the float ones, whatever the method: ||W - W^||^2 / ||W||^2.
#pragma once

#include <vector>

#include "engine/quant/quantized.hpp"

namespace nibble {

/// Of each output channel; 0 for a channel of zeros. Throws BadInput when shapes differ.
std::vector<double> relative_errors(const Array<float>& weights, const QuantizedWeights& quantized);
/// Of the whole layer.
double relative_error(const Array<float>& weights, const QuantizedWeights& quantized);

}  // namespace nibble
