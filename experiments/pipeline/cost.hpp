// The cost of a network as the command line states it (engine/quant/cost.hpp says what is counted).
#pragma once

#include "engine/quant/cost.hpp"
#include "experiments/support/json_fwd.hpp"

namespace nibble {

/// Of an image; memory in whole bytes:
/// {"macs", "linear_cost", "quadratic_cost", "weight_bytes", "activation_bytes"}
Json to_json(const Cost& cost);

/// The same quantities as fractions of those of `other`.
Json ratios(const Cost& cost, const Cost& other);

}  // namespace nibble
