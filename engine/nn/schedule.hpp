// When units run: phases between batch statistics, who delivers a gradient first and last, who shares memory.
#pragma once

#include "engine/nn/plan.hpp"

namespace nibble {

/// Fills in phases, edges and gradient memory of a plan whose units are in topological order.
void schedule(Plan& plan, bool training, int slots);

}  // namespace nibble
