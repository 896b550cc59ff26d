// The network that a result was measured with. A run leaves it in its folder; where training took hours, it
// is also kept beside the result, results/.../CELL.safetensors, so that anyone can evaluate it again.
#pragma once

#include <filesystem>

#include "experiments/runs/project.hpp"
#include "experiments/runs/result.hpp"

namespace nibble {

inline constexpr const char* kIntegerNetwork = "integers.safetensors";
inline constexpr const char* kFloatWeights = "weights.safetensors";

/// Where the cell's network is kept.
std::filesystem::path kept_network(const Project& project, const ProfileCell& cell);

/// The file with the network of this result: the integer one where it ran as integers, else its float
/// weights. In the run folder or kept. Throws BadInput, saying what to do, when there is none or it belongs
/// to another run.
std::filesystem::path measured_network(const Project& project, const ProfileCell& cell, const Result& result);

/// Copies it beside the result. Throws as above.
void keep_network(const Project& project, const ProfileCell& cell, const Result& result);

}  // namespace nibble
