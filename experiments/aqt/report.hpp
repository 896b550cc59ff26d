// The report of the experiment aqt: cost-accuracy plots, tables, claims.
#pragma once

#include <string>
#include <vector>

#include "experiments/reports/report.hpp"

namespace nibble::aqt {

/// Files .md, .csv, .tex, -ablations.{csv,tex}, -claims.{md,csv,tex}; plots -linear, -quadratic, -curves.
Report report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& cells);

}  // namespace nibble::aqt
