// When units run: phases between batch statistics, who delivers a gradient first and last, who shares memory.
#pragma once

#include <memory>
#include <vector>

#include "engine/nn/units/activation.hpp"
#include "engine/nn/units/weighted_unit.hpp"

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
    std::vector<WeightedUnit*> weighted;
    std::vector<ActivationUnit*> activations;
    std::vector<Phase> forward, backward;
    std::vector<std::unique_ptr<Buffer>> gradient_memory;
};

/// Fills in phases, edges and gradient memory of a plan whose units are in topological order.
void schedule(Plan& plan, bool training, int slots);

}  // namespace nibble
