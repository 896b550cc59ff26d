// What a cell does: train a network, or quantize one that is trained.
#pragma once

#include <variant>

#include "experiments/harness/config.hpp"
#include "experiments/harness/post_training_config.hpp"

namespace nibble {

using RunConfig = std::variant<TrainConfig, PostTrainingConfig>;

/// The resolved configuration.
Json to_json(const RunConfig& config);

}  // namespace nibble
