// Short training trajectories that touch every operation: what "the same bits" is tested with.
#pragma once

#include <string>

#include "engine/nn/numerics.hpp"

namespace nibble::test {

/// SHA-256 over losses, predictions after training and final weights of a few steps of four small networks:
/// shortcuts of option A and with projection, none at all, and one with biases, every kind of pooling, odd
/// sizes and channel counts. `quick`: the first network only.
std::string trajectory_digest(Numerics numerics, bool quick = false);

}  // namespace nibble::test
