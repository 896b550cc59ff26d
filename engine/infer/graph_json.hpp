// A graph as JSON, for files that hold a network of any architecture.
//
//     [{"op": "input", "dims": [32, 32, 3]}, {"op": "conv", "name": "conv1", "inputs": [0], "channels": 16, "window": [...]}, ...]
//
// In the order of the nodes; attributes that have their default are left out. "window" lists Window::numbers().
#pragma once

#include "engine/core/json.hpp"
#include "engine/nn/graph.hpp"

namespace nibble {

Json to_json(const Graph& graph);

/// Trusts nothing: throws BadInput for unknown operations and keys, wrong types, and what Graph::append() refuses.
Graph graph_from(const Json& nodes);

}  // namespace nibble
