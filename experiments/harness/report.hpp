// Reports: tables and plots as pure functions of the grid and the results.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/harness/plot.hpp"
#include "experiments/harness/project.hpp"
#include "experiments/harness/result.hpp"
#include "experiments/harness/table.hpp"

namespace nibble {

/// A cell of the grid and its result, if there is one.
struct ReportedCell {
    Cell cell;
    std::optional<Result> result;
};

/// In the order of the grid. Throws BadInput for a result that is malformed or lies under another cell's
/// name.
std::vector<ReportedCell> read_cells(const Project& project, const std::string& profile, const Grid& grid);

/// One row per network, data set and method, over its seeds; what no cell has measured is kMissing.
Table summary_table(const std::vector<ReportedCell>& cells);

/// One row per cell, every figure unrounded.
Table cell_table(const std::vector<ReportedCell>& cells);

/// Accuracy after each epoch, of the first seed that has a result.
Plot learning_curves(const std::string& title, const std::vector<ReportedCell>& cells);

/// Writes results/<profile>/<paper>.{md,csv,tex} and, if it can, <paper>-curves.{svg,pdf}. Returns the paths,
/// or nothing (and writes nothing) when the profile has no result yet. `no_plot` becomes the reason why there
/// is no plot.
std::vector<std::filesystem::path> write_report(const Project& project, const std::string& profile,
                                                const Grid& grid, std::string& no_plot);

/// `text` with everything between the two lines of markers replaced. Throws BadInput, naming `where`, unless
/// there is exactly one pair of them.
std::string with_results(const std::string& text, const std::string& results, const std::string& where);

inline constexpr const char* kResultsBegin = "<!-- results:begin -->";
inline constexpr const char* kResultsEnd = "<!-- results:end -->";

}  // namespace nibble
