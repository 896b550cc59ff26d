// What a cell does: train a network, or quantize one that is trained.
#pragma once

#include <string>
#include <variant>

#include "experiments/harness/config.hpp"
#include "experiments/harness/post_training_config.hpp"

namespace nibble {

using RunConfig = std::variant<TrainConfig, PostTrainingConfig>;

/// The resolved configuration.
Json to_json(const RunConfig& config);

/// Where the weights come from that it starts with; empty: from random numbers.
std::string parent_of(const RunConfig& config);

}  // namespace nibble
