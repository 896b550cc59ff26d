// Whether a result comes out again, bit for bit.
#pragma once

#include <string>
#include <vector>

#include "experiments/pipeline/training.hpp"
#include "experiments/runs/project.hpp"

namespace nibble {

/// A result that can be made again here. A network that is kept beside its result is only evaluated again.
struct Reproducible {
    std::string path;
    bool evaluation;
};

struct ReproducibleResults {
    std::vector<Reproducible> results;
    std::size_t without_data = 0, without_parent = 0;  ///< left out, because images or weights are not here
    std::size_t without_network = 0;                   ///< left out, because training would take hours
};

/// Of all profiles but quick, in the order of the grids. `retrain`: nothing is left out for the time it takes, and
/// networks that are kept are trained again, too.
ReproducibleResults reproducible_results(const Project& project, bool retrain);

/// Runs the cell of a result file again in a scratch folder. Returns what differs, empty when every bit
/// agrees (then its networks go into the run folder); a result that is stale is not run. Throws what
/// open_parent() and compute_cell() throw.
std::string difference_of_run(const Project& project, const std::string& path, const RunControl& control);

/// Only evaluates its network again (measured_network.hpp), without training: metrics and predictions.
std::string difference_of_evaluation(const Project& project, const std::string& path,
                                     const RunControl& control);

}  // namespace nibble
