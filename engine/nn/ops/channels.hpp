// Which channels slices and shuffles pick.
#pragma once

#include "engine/nn/node.hpp"

namespace nibble {

/// The channel of the operand that channel c of a slice's or shuffle's value is.
int picked_channel(const Node& node, int c);

}  // namespace nibble
