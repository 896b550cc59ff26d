// From the graph to units, and in which order they run and share memory.
#pragma once

#include <memory>
#include <vector>

#include "engine/nn/activation.hpp"
#include "engine/nn/fusion.hpp"
#include "engine/nn/product_unit.hpp"

namespace nibble {

struct Plan {
    /// Units [begin, end) that run one after the other for each image without waiting for the batch. Forwards
    /// in rising order, backwards in falling.
    struct Phase {
        std::size_t begin, end;
        std::vector<ActivationUnit*>
            completed;  ///< backwards: activations whose gradients are complete after it
    };

    std::vector<std::unique_ptr<Unit>> units;
    std::vector<Unit*>
        unit_of;  ///< by node of the graph: the unit that computes its value, null inside fused layers
    InputUnit* input = nullptr;
    Unit* output = nullptr;
    std::vector<ProductUnit*> products;
    std::vector<ActivationUnit*> activations;
    std::vector<Phase> forward, backward;
    std::vector<std::unique_ptr<Buffer>> gradient_memory;
};

/// Layers as fuse() gives them; everything else is a unit of its own. Throws Unsupported, naming the node, for
/// one whose value nobody reads, a network that does not end in 1 x 1 x classes, and in training for an
/// operation without a gradient.
Plan make_plan(const Context& context, const Graph& graph, Fuse how = Fuse::all);

}  // namespace nibble
