// Which nodes run as one: a convolution or linear layer, or any value, with the batch norm, addition and clamp
// behind it.
#pragma once

#include <string>
#include <vector>

#include "engine/nn/graph.hpp"

namespace nibble {

/// (conv | value) -> batch norm? -> add? -> clamp?, as node indices; -1 where absent. A node between them has
/// no other reader.
struct FusedLayer {
    int conv = -1;   ///< or a linear layer
    int value = -1;  ///< without it: the node whose value goes in
    int norm = -1;
    int residual = -1;  ///< the other operand of the addition: any node with a value, or a shortcut_a of one
    int add = -1;
    Clamp clamp{};
    int last = -1;  ///< the node whose value the layer computes
};

/// `nowhere`: each node is a layer of its own. In f32 the values are the same; in bf16 they are rounded in more
/// places.
enum class Fuse { all, nowhere };

/// All fused layers, in the order of their last nodes. Together with the input, the nodes that do not fuse and
/// shortcuts they cover the graph. Throws Unsupported, naming the node, for one whose value nobody reads.
std::vector<FusedLayer> fuse(const Graph& graph, Fuse how = Fuse::all);

/// For each node the nodes that read it.
std::vector<std::vector<int>> readers_of(const Graph& graph);

/// "node 7 (clamp)", for messages.
std::string describe(const Graph& graph, int node);

}  // namespace nibble
