// How long cells will take: stated before they run, corrected while they do.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiments/runs/project.hpp"
#include "experiments/support/cell_times.hpp"

namespace nibble {

struct TimeEstimate {
    double seconds = 0;  ///< of CPU
    bool rough = false;  ///< from cells of other networks
};

/// From the cells most similar to it: those of its profile and experiment with its network and method, else with its
/// network, else any, else those of its experiment in other profiles. Their time per
/// multiplication, times its multiplications. Nothing if there is none.
std::optional<TimeEstimate> estimate_of(const CellWork& cell, const std::vector<CellTime>& known);

/// Cells that are to be run.
struct Plan {
    struct Entry {
        std::string profile, cell;
        std::optional<TimeEstimate> estimate;
    };
    std::vector<Entry> cells;
    std::size_t timed = 0;  ///< cells of the same profile whose time is known
    std::filesystem::file_time_type begun = std::filesystem::file_time_type::clock::now();
};

/// From the times that were recorded here and, of other cells, in results/timing/. A cell whose images or network are not
/// here has no estimate.
Plan make_plan(const Project& project, const std::vector<ProfileCell>& cells);

/// "imagenet-subset: 336 of 465 cells to run, about 1h10m on 2 cores (...)"
std::string text_before(const Plan& plan, std::size_t of_cells, int cores);

/// Seconds until all cells are done, where those marked in `done` took `elapsed` seconds, side by side or not. A cell
/// without an estimate counts as the mean of the others. Nothing before a cell is done.
std::optional<double> seconds_left(const Plan& plan, const std::vector<bool>& done, double elapsed);

/// "12 of 336 cells done, about 58m00s left": a cell is done if its result was written since the plan was begun,
/// by whichever process.
std::string text_meanwhile(const Project& project, const Plan& plan);

/// For the processes that run its cells. Reading throws BadInput for what is no plan; it was begun when it was written.
void write_plan(const std::filesystem::path& path, const Plan& plan);
Plan read_plan(const std::filesystem::path& path);

}  // namespace nibble
