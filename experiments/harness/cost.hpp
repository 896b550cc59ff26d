// What a network costs to run on one image, counted from its graph.
#pragma once

#include "engine/nn/graph.hpp"
#include "engine/nn/numerics.hpp"
#include "experiments/harness/json_fwd.hpp"

namespace nibble {

/// The cost model of the aqt paper's code: only convolutions and linear layers count.
///
///     macs           = h_out w_out k_h k_w c_in c_out
///     linear_cost    = sum macs * L,  L = the smallest of {4, 8, 16, 32} >= max(activation bits, weight
///     bits) quadratic_cost = sum macs * activation bits * weight bits weight_bytes   = sum weights * weight
///     bits / 8      (no biases, no batch norm) activation_bytes = sum h w c of the layers' inputs *
///     activation bits / 8
///
/// {"macs", "linear_cost", "quadratic_cost", "weight_bytes", "activation_bytes",
///  "layers": [{"name", "macs", "weights", "weight_bits", "activation_bits", "kernel"}]}
Json cost_of(const Graph& graph, Numerics numerics);

}  // namespace nibble
