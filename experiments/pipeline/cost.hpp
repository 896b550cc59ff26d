// The cost of a network as results and the command line state it (engine/quant/cost.hpp says what is
// counted).
#pragma once

#include "engine/quant/cost.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

/// Of an image; memory in whole bytes:
/// {"macs", "linear_cost", "quadratic_cost", "weight_bytes", "activation_bytes"}
Json to_json(const Cost& cost);

/// What results hold: the totals as above, and
///  "layers": [{"name", "macs", "weights", "weight_bits", "activation_bits", "kernel"}],
/// kernel: "f32", "bf16" or the bits of the integers, as "w4a8"; and "extra_kernels" where weights are sums.
Json to_json(const NetworkCost& cost);

/// The same quantities as fractions of those of `other`.
Json ratios(const Cost& cost, const Cost& other);

}  // namespace nibble
