// Gradients against finite differences of the loss: one check for every operation.
#pragma once

#include "engine/nn/graph.hpp"

namespace nibble::test {

/// The largest relative error, over all parameters of the graph, of the directional derivative <gradient, d>
/// against (L(w + h d) - L(w - h d)) / 2h for random directions d, in f32 on a small random batch. The error
/// is relative to |gradient| |d|, so that directions of little slope do not decide.
double worst_gradient_error(const Graph& graph);

}  // namespace nibble::test
