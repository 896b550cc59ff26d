// The proof of "train = deploy": simulation and integer execution side by side, every value of every image.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "engine/infer/executor.hpp"
#include "engine/infer/simulator.hpp"

namespace nibble {

/// Agreement of one value of the graph over all images seen.
struct Agreement {
    std::string step;     ///< what computes it
    std::string storage;  ///< "u8", "f32", ...
    std::size_t compared = 0, mismatches = 0;
    std::size_t image = std::numeric_limits<std::size_t>::max();  ///< of the first mismatch
    std::string example = {};  ///< that mismatch: where, simulated, executed
};

class Comparison {
  public:
    explicit Comparison(const IntegerGraph& graph);

    /// Adds n images; they are worked on side by side. Throws BadInput when their size does not fit.
    void add(std::span<const float> images);

    /// One for each value, in the order of the steps that compute them.
    const std::vector<Agreement>& agreements() const { return agreements_; }
    std::size_t mismatches() const;

  private:
    IntegerExecutor executor_;
    Simulator simulator_;
    std::size_t image_size_, images_ = 0;
    std::vector<int> values_;  ///< of the graph, one for each agreement
    std::vector<Agreement> agreements_;
};

}  // namespace nibble
