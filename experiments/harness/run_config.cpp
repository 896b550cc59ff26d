#include "experiments/harness/run_config.hpp"

#include "engine/core/json.hpp"

namespace nibble {

Json to_json(const RunConfig& config) {
    return std::visit([](const auto& c) { return to_json(c); }, config);
}

std::string parent_of(const RunConfig& config) {
    if (const auto* post_training = std::get_if<PostTrainingConfig>(&config)) return post_training->parent;
    const auto& training = std::get<TrainConfig>(config);
    return training.fine_tuning ? training.fine_tuning->parent : "";
}

}  // namespace nibble
