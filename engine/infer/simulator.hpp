// The same network in floating point: what fake quantization computes. Codes are floats, GEMMs are the
// training engine's float GEMMs, and everything else is written out a second time, plainly.
//
// Sums of products of codes are exact in float below 2^24; longer sums are cut in pieces that are, and the
// pieces added as integers. So the simulation and the integer execution must agree in every bit, and
// compare.hpp checks that they do.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/infer/integer_graph.hpp"

namespace nibble {

class Simulator {
  public:
    /// Throws what IntegerGraph::check() throws.
    explicit Simulator(IntegerGraph graph);
    ~Simulator();

    /// All values of the graph for one image: floats as they are, codes as floats. May be called side by
    /// side. Throws BadInput for an image of another size.
    std::vector<std::vector<float>> values(std::span<const float> image) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nibble
