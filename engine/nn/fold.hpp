// Batch norm folded into the layer before it, as post-training methods want it.
#pragma once

#include "engine/nn/graph.hpp"

namespace nibble {

struct FoldedNetwork {
    Graph graph;  ///< convolutions have a bias for the batch norm behind them; others stay
    Weights weights;
    /// For each node of the original graph the node that computes its value now.
    std::vector<int> node_of;
};

/// W'[o] = W[o] s[o],  b'[o] = b[o] s[o] + beta[o] - mean[o] s[o],  s = gamma / sqrt(var + eps); computed in
/// double. A batch norm that follows no convolution or linear layer, or shares it with another reader, stays.
/// Throws BadInput when the weights do not fit.
FoldedNetwork fold_batch_norm(const Graph& graph, const Weights& weights);

/// The affine map of a batch norm by its running statistics: y = scale x + shift.
struct NormScale {
    double scale, shift;
};
NormScale norm_scale(const Weights& weights, const Node& norm, int channel);

}  // namespace nibble
