// The trained network that a post-training cell starts from. A source is one of
//
//     pretrained/cifar10/resnet20.safetensors      a file below NIBBLE_DATA
//     baseline/resnet8-w1.0--glyphs--f32--s0       a cell of the same profile that trains in floats
//
// Weights of a cell are looked for in its run folder, then beside its result (results/.../CELL.safetensors),
// and must have the digest that the result states. Where neither has them, the cell is run.
#pragma once

#include <optional>
#include <string>

#include "experiments/harness/key.hpp"
#include "experiments/harness/project.hpp"
#include "experiments/harness/training.hpp"
#include "experiments/harness/weights_file.hpp"

namespace nibble {

struct Parent {
    std::string source;
    std::string digest;  ///< of a file's weights and normalization; of a cell, its result's weights_digest
    WeightsFile file;
};

/// Throws BadInput unless it is one of the two forms.
void check_source(const std::string& source);

/// Its digest as far as it can be told without running anything: nothing when the file or the result of the
/// cell is not here, "" when the result is stale.
std::optional<std::string> known_parent_digest(const Project& project, const std::string& profile,
                                               const std::string& source);

/// Whether a cell starts from another one without a fresh result.
bool has_stale_parent(const Project& project, const ProfileCell& cell);

/// Runs the parent's cell if that is needed for its weights. Throws IoError for a file that is not here,
/// saying where it belongs; BadInput for a cell that is not trained in floats.
Parent open_parent(const Project& project, const std::string& profile, const std::string& source,
                   const RunControl& control);

/// The parent of a cell with the digest that the cell's key states. Throws besides BadInput for weights that
/// do not fit the graph, Error for a parent that is not the one of the key.
Parent open_checked_parent(const Project& project, const ProfileCell& cell, const Graph& graph,
                           const KeyParts& parts, const RunControl& control);

}  // namespace nibble
