// Every figure of the experiment mmse, unrounded, for whoever wants to make other tables and plots.
#pragma once

#include <vector>

#include "experiments/reports/result_table.hpp"
#include "experiments/support/table.hpp"

namespace nibble::mmse {

/// One row per cell.
Table cell_rows(const std::vector<ReportedCell>& cells);

/// One row per layer, of the first draw of every method.
Table layer_rows(const std::vector<ReportedCell>& cells);

}  // namespace nibble::mmse
