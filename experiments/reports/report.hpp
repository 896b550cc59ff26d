// Reports: tables and plots as pure functions of the grid and the results.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiments/reports/claims.hpp"
#include "experiments/reports/plot.hpp"
#include "experiments/reports/result_table.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

/// What `nibble report` writes for one profile of an experiment: a pure function of the cells. The names are
/// what follows results/<profile>/<experiment>.
struct Report {
    Table summary;                             ///< what README.md shows
    std::vector<Claim> claims = {};            ///< of the paper, judged (results/REPORT.md)
    std::map<std::string, std::string> files;  ///< ".md", ".csv", ".tex", ...: their bytes
    std::map<std::string, Plot> plots;         ///< "-curves", ...: drawn as .svg and .pdf
};
/// Adds the claims, and their files "-claims.md", ".csv", ".tex" and "-paper-claims.tex".
void add_claims(Report& report, const std::string& profile, const Grid& grid,
                const std::vector<Claim>& claims);
using MakeReport =
    std::function<Report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>&)>;

/// Of the experiments with code of their own, by name.
using Reports = std::map<std::string, MakeReport>;

/// Of an experiment without code of its own: summary, cells, learning curves.
Report generic_report(const std::string& profile, const Grid& grid, const std::vector<ReportedCell>& cells);

/// The experiment's own report, or the generic one.
MakeReport report_of(const Reports& own, const std::string& experiment);

/// Writes the files, and the plots if it can, under `stem` and what each is called. Returns the paths. `no_plot`
/// becomes the reason why there is no plot.
std::vector<std::filesystem::path> write_files(const Report& report, const std::filesystem::path& stem,
                                               std::string& no_plot);

/// Writes what `make` makes of the profile's cells, as write_files() does. Returns the paths, or nothing (and writes
/// nothing) when the profile has no result yet.
std::vector<std::filesystem::path> write_report(const Project& project, const std::string& profile,
                                                const Grid& grid, const std::vector<ReportedCell>& cells,
                                                const MakeReport& make, std::string& no_plot);

/// The methods of each grid's headline on the largest network that has most of them, over the seeds: what
/// README.md shows.
Table headline_table(const std::vector<std::pair<Grid, std::vector<ReportedCell>>>& experiments);

/// One experiment in the overview.
struct Overview {
    std::string experiment, title;
    std::vector<Claim> claims;
    std::vector<ReportedCell> cells = {};
    std::string measured_on = {};  ///< of the profile, where its grid says so
};
/// Every experiment that has a result in the profile.
std::vector<Overview> read_overview(const Project& project, const std::string& profile, const Reports& own,
                                    Refused& refused);

/// results/REPORT.md: claims of all papers with figures, verdicts and the commands that run their cells
/// again, and where the tables and plots are.
std::string overview_markdown(const std::string& profile, const std::vector<Overview>& experiments);

/// "The papers' figures are on ImageNet ...; ours ...": what sets the profile's data apart.
std::string data_sentence(const std::vector<Overview>& experiments);
/// "Claims from an abstract or quoted: 9 reproduced, ...": how many have each verdict.
std::string verdict_counts(const std::vector<Overview>& experiments);

/// For LaTeX: every figure of every result by name, \nibbleresult{baseline/CELL/top1}{91.57}.
std::string latex_results(const std::vector<ReportedCell>& cells);
/// For LaTeX: how many claims have each verdict, \nibbleresult{verdicts/reproduced}{9}.
std::string latex_verdicts(const std::vector<Overview>& experiments);

/// What every table in LaTeX begins with.
std::string latex_file(const Table& table);

/// `text` with everything between the two lines of markers replaced. Throws BadInput, naming `where`, unless
/// there is exactly one pair of them.
std::string with_results(const std::string& text, const std::string& results, const std::string& where);

inline constexpr const char* kResultsBegin = "<!-- results:begin -->";
inline constexpr const char* kResultsEnd = "<!-- results:end -->";

}  // namespace nibble
