// Where things are: the repository's folders and the files of a cell.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/runs/cell.hpp"
#include "experiments/runs/grid.hpp"

namespace nibble {

class Project {
  public:
    /// `root` is the repository; empty means the nearest folder upwards from here that holds experiments/.
    /// Throws BadInput when there is none.
    explicit Project(std::filesystem::path root = {});

    const std::filesystem::path& root() const { return root_; }
    /// Names of the folders under experiments/ that hold a grid.json, sorted.
    std::vector<std::string> experiments() const;
    Grid grid(const std::string& experiment) const;

    std::filesystem::path results() const { return root_ / "results"; }
    std::filesystem::path golden() const { return root_ / "tests" / "golden"; }
    /// results/<profile>/<experiment>/<leaf>.json: committed.
    std::filesystem::path result(const std::string& profile, const Cell& cell) const;
    /// <runs>/<profile>/<experiment>/<leaf>/: weights, predictions, checkpoint, status; not in git.
    /// <runs> is NIBBLE_RUNS or build/runs.
    std::filesystem::path run_folder(const std::string& profile, const Cell& cell) const;
    /// <runs>/times.csv: how long cells took on this machine (experiments/support/cell_times.hpp).
    std::filesystem::path times() const { return runs() / "times.csv"; }

  private:
    std::filesystem::path runs() const;
    std::filesystem::path root_;
};

/// A cell with the profile it belongs to.
struct ProfileCell {
    std::string profile;
    GridCell cell;
};

/// The cell of that name; `profile` may be empty when only one profile has it. Throws BadInput.
ProfileCell find_cell(const Project& project, const std::string& name, const std::string& profile);

/// Every cell of a profile (empty: of all profiles) and an experiment (empty: of all experiments); those that others
/// start from come first. Throws BadInput when no grid knows the profile.
std::vector<ProfileCell> list_cells(const Project& project, const std::string& profile,
                                    const std::string& experiment);

}  // namespace nibble
