// Running one cell, and the cell it starts from where that is needed: one result each.
#pragma once

#include <optional>
#include <string>

#include "experiments/runs/compute_cell.hpp"
#include "experiments/support/cell_times.hpp"

namespace nibble {

/// Today's key of a cell whose data is here. Runs the cell it starts from if the key cannot be told without.
KeyParts key_parts_of(const Project& project, const ProfileCell& cell, const Data& data,
                      const RunControl& control);

/// What a cell starts from, if anything, with the digest that the cell's key states. Runs the parent's cell if that is
/// needed for its weights. Throws what parent_from_file() and parent_cell() throw, Error for a parent that is
/// not the one of the key.
std::optional<Parent> open_parent(const Project& project, const ProfileCell& cell, const KeyParts& parts,
                                  const RunControl& control);

/// The multiplications of a cell: those of evaluating, three times as many for an image that it trains on. Nothing if its
/// images or its network are not here.
std::optional<CellWork> work_of(const ProfileCell& cell);

/// compute_cell(), and its time goes to Project::times() unless it resumed.
Result compute_timed(const Project& project, const ProfileCell& cell, const Data& data, const KeyParts& parts,
                     const std::optional<Parent>& parent, const std::filesystem::path& folder,
                     const RunControl& control);

struct RunOptions {
    bool force = false;  ///< run even if the result is fresh, and from the beginning
    bool keep = false;   ///< keep_network(), fresh or not
    RunControl control;
};

enum class RunOutcome { fresh, done };

/// Runs the cell unless its result is fresh, alone: a second process waits, then finds it fresh. The result
/// is written last and atomically. An error leaves no result but <run folder>/status.json, {"status":
/// "failed", ...}; a process that is killed leaves {"status": "running"} there, with nobody holding the lock.
RunOutcome run_cell(const Project& project, const ProfileCell& cell, const RunOptions& options);

/// "fresh", "stale", "missing", "running", "failed", "interrupted" or "crashed". A cell whose data is not
/// here is judged by its recorded data.
std::string status_of(const Project& project, const ProfileCell& cell);

}  // namespace nibble
