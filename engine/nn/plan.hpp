// From the graph to units in the order in which they run.
#pragma once

#include "engine/nn/fusion.hpp"
#include "engine/nn/schedule.hpp"

namespace nibble {

/// Layers as fuse() gives them; everything else is a unit of its own. Throws Unsupported, naming the node, for
/// one whose value nobody reads, a network that does not end in 1 x 1 x classes, and in training for an
/// operation without a gradient.
Plan make_plan(const Context& context, const Graph& graph, Fuse how = Fuse::all);

}  // namespace nibble
