// Tables and curves that make sense for any experiment.
#pragma once

#include <string>
#include <vector>

#include "experiments/reports/columns.hpp"
#include "experiments/reports/plot.hpp"

namespace nibble {

/// One row per network, data set and method, over its seeds; what no cell has measured is kMissing.
Table summary_table(const std::vector<ReportedCell>& cells);

/// One row per cell, every figure unrounded; `more` columns on the right.
Table cell_table(const std::vector<ReportedCell>& cells, const std::vector<CellColumn>& more = {});

/// Accuracy after each epoch, of the first seed that has a result.
Plot learning_curves(const std::string& title, const std::vector<ReportedCell>& cells);

}  // namespace nibble
