// The arithmetic a network is trained and evaluated in.
#pragma once

#include <string>

namespace nibble {

/// f32:  activations and products in float; each product sum is one FMA chain.
/// bf16: activations and their gradients are stored as bfloat16, products are of bfloat16 operands with float
///       accumulators in AMX's order; weights, batch-norm statistics, logits and the optimizer stay float.
enum class Numerics { f32, bf16 };

std::string to_string(Numerics numerics);
/// Throws BadInput for anything but "f32" and "bf16".
Numerics numerics_from(const std::string& text);

}  // namespace nibble
