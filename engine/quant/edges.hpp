// Which edges of a graph carry what: where residuals enter, and whose values pass along an edge.
#pragma once

#include <vector>

#include "engine/quant/quantized.hpp"

namespace nibble {

/// The edges along which fused layers read what they add, in the order of the layers. Throws as fuse().
std::vector<GraphEdge> residual_edges(const Graph& graph);

/// The node whose values the edge carries: its input, or what a shortcut there passes on.
std::size_t source_of(const Graph& graph, const GraphEdge& edge);

}  // namespace nibble
