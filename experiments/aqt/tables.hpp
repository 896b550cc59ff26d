// The tables of the experiment aqt. Figures are means over the seeds with their intervals; what no cell has
// measured is kMissing.
#pragma once

#include "experiments/aqt/cells.hpp"
#include "experiments/support/table.hpp"

namespace nibble::aqt {

/// A row for each network and method; costs relative to the same network in bf16.
Table method_table(const Cells& cells);

/// A row for each network and ablation: what it changes, its base method, and the differences, seed by seed.
Table ablation_table(const Cells& cells);

/// The generic table of cells, with costs, gap and smoothed maximum, unrounded.
Table full_cell_table(const std::vector<ReportedCell>& cells);

}  // namespace nibble::aqt
