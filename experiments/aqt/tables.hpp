// The tables of the experiment aqt. Figures are means over the seeds with their intervals; what no cell has
// measured is kMissing.
#pragma once

#include "experiments/reports/result_table.hpp"
#include "experiments/support/table.hpp"

namespace nibble::aqt {

/// A row for each network and method; costs relative to the same network in bf16.
Table method_table(const ResultTable& table);

/// A row for each network and ablation: what it changes, its base method, and the differences, seed by seed.
Table ablation_table(const ResultTable& table);

/// For print: top-1 of the methods of the curves, a row a network; and what each ablation changes on the
/// grid's first network.
Table accuracies_for_print(const ResultTable& table);
Table ablations_for_print(const ResultTable& table);

/// The generic table of cells, with costs, gap and smoothed maximum, unrounded.
Table full_cell_table(const std::vector<ReportedCell>& cells);

}  // namespace nibble::aqt
