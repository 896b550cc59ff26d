// Evaluation of a trained network: logits from images, batch norm by its running statistics.
#pragma once

#include <memory>
#include <span>

#include "engine/nn/graph.hpp"
#include "engine/nn/layer_quantizer.hpp"
#include "engine/nn/numerics.hpp"

namespace nibble {

class Predictor {
  public:
    /// Throws BadInput when the weights do not fit the graph. With a quantizer, the layers it names compute
    /// with codes.
    Predictor(const Graph& graph, const Weights& weights, Numerics numerics,
              std::unique_ptr<NetworkQuantizer> quantizer = nullptr);
    ~Predictor();

    /// images: n x h x w x c normalised floats; logits: n x classes. Each image is computed on its own, so
    /// the result does not depend on n, on its neighbours or on the number of threads.
    void logits(std::span<const float> images, std::span<float> logits);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace nibble
