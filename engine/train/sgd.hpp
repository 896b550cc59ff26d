// Stochastic gradient descent with momentum and L2 weight decay, as PyTorch's torch.optim.SGD computes it:
//
//   g = gradient + weight_decay * w        (weight decay on tensors of more than one dimension only)
//   v = momentum * v + g                   (v starts at 0; the first step then gives v = g)
//   w = w - learning_rate * (nesterov ? g + momentum * v : v)
#pragma once

#include "engine/nn/graph.hpp"

namespace nibble {

/// Zeros in the shapes of what is trained: momentum or sums of gradients before the first of them.
Weights zeros_like(const Weights& weights);

class Sgd {
  public:
    struct Options {
        double momentum, weight_decay;
        bool nesterov;
    };
    Sgd(const Options& options, const Weights& weights);

    void step(Weights& weights, const Weights& gradients, double learning_rate);

    Weights& velocity() { return velocity_; }
    const Weights& velocity() const { return velocity_; }

  private:
    Options options_;
    Weights velocity_;
};

}  // namespace nibble
