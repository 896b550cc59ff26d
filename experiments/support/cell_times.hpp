// How long cells took. Results hold no time; a cell that is computed leaves a line in a file of the machine's own. A copy
// of one, results/timing/MACHINE/cells.csv, is for machines that have run nothing yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nibble {

/// A cell and the work it is.
struct CellWork {
    std::string profile, experiment, model, data, method;
    std::uint64_t seed = 0;
    double multiplications = 0;  ///< work_of() (experiments/runs/run_cell.hpp)

    bool same_cell(const CellWork& other) const;
};

struct CellTime {
    CellWork cell;
    double seconds = 0;  ///< of CPU, all threads together: other work on the machine hardly changes it
};

/// The times in a file; none where there is no file. Leaves out lines that are none, such as the header.
std::vector<CellTime> read_times(const std::filesystem::path& path);

/// Adds a line in place of that of the same cell, if there is one. Throws IoError.
void add_time(const std::filesystem::path& path, const CellTime& time);

}  // namespace nibble
