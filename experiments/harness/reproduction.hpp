// Whether a result comes out again, bit for bit.
#pragma once

#include <string>

#include "experiments/harness/project.hpp"
#include "experiments/harness/training.hpp"

namespace nibble {

/// Runs the cell of a result file again in a scratch folder. Returns what differs, empty when every bit
/// agrees (then its networks go into the run folder); a result that is stale is not run. Throws what
/// compute_cell() throws.
std::string difference_of_run(const Project& project, const std::string& path, const RunControl& control);

/// Only evaluates its network again (measured_network.hpp), without training: metrics and predictions.
std::string difference_of_evaluation(const Project& project, const std::string& path,
                                     const RunControl& control);

}  // namespace nibble
