// Running one cell: train or quantize a network, evaluate it, write one result.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/harness/data.hpp"
#include "experiments/harness/evaluation.hpp"
#include "experiments/harness/measured_network.hpp"
#include "experiments/harness/project.hpp"
#include "experiments/harness/result.hpp"
#include "experiments/harness/training.hpp"

namespace nibble {

/// The result of a cell as JSON (see result.hpp), computed in `folder`:
///   checkpoint-<key>.safetensors   while training; resumed from when it is there, removed by run_cell()
///   kFloatWeights                  what training made (measured_network.hpp)
///   predictions.safetensors        "predictions": I32, the class per test image
///   kIntegerNetwork                of networks measured as integers; its metadata has the key
/// Throws what training, quantizing and opening a parent throw; Interrupted leaves the checkpoint.
Json compute_cell(const Project& project, const ProfileCell& cell, const Data& data, const KeyParts& parts,
                  const std::filesystem::path& folder, const RunControl& control);

/// What compute_cell() does for each kind of cell; gives what is particular to it.
Json train_cell(const Project& project, const ProfileCell& cell, const Data& data, const KeyParts& parts,
                const std::filesystem::path& folder, const RunControl& control);
Json quantize_cell(const Project& project, const ProfileCell& cell, const Data& data, const KeyParts& parts,
                   const std::filesystem::path& folder, const RunControl& control);
/// And what they share.
std::filesystem::path checkpoint_in(const std::filesystem::path& folder, const KeyParts& parts);
void write_predictions(const std::filesystem::path& path, const Evaluation& evaluation);

/// Today's key of a cell whose data is here. Runs the cell it starts from if the key cannot be told without.
KeyParts key_parts_of(const Project& project, const ProfileCell& cell, const Data& data,
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
