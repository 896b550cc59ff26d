#include "engine/quant/edges.hpp"

#include "engine/nn/fusion.hpp"

namespace nibble {

std::vector<GraphEdge> residual_edges(const Graph& graph) {
    std::vector<GraphEdge> edges;
    for (const FusedLayer& layer : fuse(graph))
        if (layer.add >= 0)
            edges.push_back({layer.add, graph[layer.add].inputs[0] == layer.residual ? 0 : 1});
    return edges;
}

std::size_t source_of(const Graph& graph, const GraphEdge& edge) {
    const int from = graph[edge.reader].inputs[static_cast<std::size_t>(edge.operand)];
    const int source = graph[from].op == Op::shortcut_a ? graph[from].inputs[0] : from;
    return static_cast<std::size_t>(source);
}

}  // namespace nibble
