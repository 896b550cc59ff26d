// Freshness by content: which committed results are not what the code of today would write.
#pragma once

#include <optional>
#include <string>

#include "experiments/runs/project.hpp"

namespace nibble {

struct Judgement {
    std::string why;  ///< "config, numerics": what differs from today; empty when the result is fresh
    bool data_recorded = false;    ///< the data set is not here: its digest was taken from the result
    bool parent_recorded = false;  ///< the same of the weights that the cell starts from
};

/// Judges the result of a cell, which must exist. An unreadable result is stale ("unreadable: ...").
Judgement judge(const Project& project, const ProfileCell& cell);

/// The digest of the weights at a source as far as it can be told without running anything: nothing when the file or the
/// result of the cell is not here, "" when the result is stale.
std::optional<std::string> known_parent_digest(const Project& project, const std::string& profile,
                                               const std::string& source);

/// Whether a cell starts from another one without a fresh result.
bool has_stale_parent(const Project& project, const ProfileCell& cell);

/// Adds the network's digest to the key of a result that was made before networks counted; everything else of the
/// result stays. False where it is there already. Throws BadInput for a result that cannot be read.
bool add_network(const Project& project, const ProfileCell& cell);

}  // namespace nibble
