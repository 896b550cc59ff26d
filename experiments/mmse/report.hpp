// The report of the experiment mmse: tables in the paper's form, plots, claims.
#pragma once

#include <string>
#include <vector>

#include "experiments/reports/report.hpp"

namespace nibble::mmse {

/// Files .md, .csv, -layers.csv, -claims.{md,csv,tex}, and each table of tables.hpp as .csv and .tex; the
/// plots of curves.hpp.
Report report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& cells);

}  // namespace nibble::mmse
