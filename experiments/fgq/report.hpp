// What `nibble report` makes of the experiment fgq.
#pragma once

#include "experiments/reports/report.hpp"

namespace nibble::fgq {

/// Tables in the paper's form and by N, weights beside theory, ablations, plots and claims of one profile.
Report report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& cells);

}  // namespace nibble::fgq
