// The paper's ordering, step by step: max-abs < MMSE; a scale per tensor < per output channel < refined, dual; and the passes that
// others add to it. Where a step lowers the squared error of the weights and yet does not raise the accuracy,
// the layers show how much nearer each came.
#pragma once

#include <cstddef>

#include "experiments/mmse/methods.hpp"
#include "experiments/support/table.hpp"

namespace nibble::mmse {

struct Ordering {
    std::size_t steps = 0;  ///< with results on both sides
    std::size_t held = 0;  ///< accuracy did not fall, or not by more than the 95 % interval of the difference
    Table table;           ///< of those that did not hold
};

/// Every step between methods of one network and number of weight bits that the grid has.
Ordering ordering(const ResultTable& table);

}  // namespace nibble::mmse
