// Initial weights, from the seed's `init` stream: one stream per parameter, in the order of the graph.
//
//   conv         normal, standard deviation sqrt(2 / fan_in)  (He et al., "Delving deep into rectifiers", 2015);
//                bias 0
//   linear       weight and bias uniform in +-1 / sqrt(fan_in)  (PyTorch's default)
//   batch norm   weight 1, bias 0, running mean 0, running variance 1
#pragma once

#include <cstdint>

#include "engine/nn/graph.hpp"

namespace nibble {

Weights initial_weights(const Graph& graph, std::uint64_t seed);

}  // namespace nibble
