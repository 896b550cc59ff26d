// Short training trajectories that touch every operation: what "the same bits" is tested with.
#pragma once

#include <string>
#include <vector>

namespace nibble::test {

/// What training can compute with: "f32", "bf16", and quantized in bf16 "aqt" with its variants, and "fgq".
const std::vector<std::string>& trajectory_families();

/// SHA-256 over losses, predictions after training and final weights of a few steps of four small networks:
/// shortcuts of option A and with projection, none at all, and one with biases, every kind of pooling, odd
/// sizes and channel counts. Of quantized networks also the state of their quantizer, and the predictions are
/// those of their integer form, if there is one. `quick`: the first network only.
std::string trajectory_digest(const std::string& family, bool quick = false);

}  // namespace nibble::test
