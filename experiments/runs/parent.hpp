// The trained network that a cell starts from: a file, or another cell's (cell.hpp).
#pragma once

#include <optional>
#include <string>

#include "experiments/pipeline/files/weights_file.hpp"
#include "experiments/runs/project.hpp"

namespace nibble {

struct Parent {
    std::string source;
    std::string digest;  ///< of a file's weights and normalization; of a cell, its result's weights_digest
    WeightsFile file;
    std::optional<Graph> graph = {};  ///< of an ONNX file
};

/// Whether a file's source is below NIBBLE_DATA, or the published checkpoint that it was made from.
bool is_here(const std::string& source);

/// From there. Throws IoError for a file that is not there, saying where it belongs.
Parent parent_from_file(const std::string& source);

/// The cell that a source names. Throws BadInput for a cell that is not trained in floats.
ProfileCell parent_cell(const Project& project, const std::string& profile, const std::string& source);

/// The digest of the weights of a cell, as its result states it.
std::string stated_weights_digest(const Project& project, const ProfileCell& cell);

/// The weights with this digest, in the cell's run folder or kept beside its result
/// (results/.../CELL.safetensors); nothing if neither has them.
std::optional<WeightsFile> find_weights(const Project& project, const ProfileCell& cell,
                                        const std::string& digest);

}  // namespace nibble
