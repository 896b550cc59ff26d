// Which nodes run as one: a convolution or linear layer with the batch norm, addition and ReLU behind it.
#pragma once

#include <string>
#include <vector>

#include "engine/nn/graph.hpp"

namespace nibble {

/// conv -> batch norm? -> add? -> ReLU?, as node indices; -1 where absent. A node between them has no other
/// reader.
struct FusedLayer {
    int conv = -1, norm = -1;
    int residual = -1;  ///< the other operand of the addition: any node with a value, or a shortcut_a of one
    int add = -1;
    bool relu = false;
    int last = -1;  ///< the node whose value the layer computes
};

/// All fused layers, in the order of their last nodes. Together with the input, poolings and shortcuts they
/// cover the graph. Throws Unsupported, naming the node, where that is not possible.
std::vector<FusedLayer> fuse(const Graph& graph);

/// For each node the nodes that read it.
std::vector<std::vector<int>> readers_of(const Graph& graph);

/// "node 7 (relu)", for messages.
std::string describe(const Graph& graph, int node);

}  // namespace nibble
