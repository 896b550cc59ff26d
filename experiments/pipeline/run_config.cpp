#include "experiments/pipeline/run_config.hpp"

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/quant/post_training_methods.hpp"

namespace nibble {

std::size_t PostTrainingConfig::calibration_images(const PostTrainingMethod& post_training) const {
    const std::size_t usual = post_training.calibration_images();
    return usual == 0 || calibration == 0 || post_training.states_calibration_images() ? usual : calibration;
}

Json to_json(const PostTrainingConfig& config) {
    const auto method = post_training_method(config.family, config.method);
    Json json = {{"family", config.family}, {"model", config.model},
                 {"data", config.data},     {"method", config.method},
                 {"parent", config.parent}, {"calibration", config.calibration_images(*method)},
                 {"seed", config.seed}};
    if (method->wants_augmented_images()) json["augmented"] = true;
    if (config.preprocessing != StatedPreprocessing()) json["preprocessing"] = to_json(config.preprocessing);
    return json;
}

void check(const PostTrainingConfig& config) {
    const auto method = post_training_method(config.family, config.method);
    if (config.seed != 0 && method->calibration_images() == 0)
        throw BadInput("method " + config.method, "seed", "0, for no image is drawn",
                       std::to_string(config.seed));
}

Json to_json(const RunConfig& config) {
    return std::visit([](const auto& c) { return to_json(c); }, config);
}

std::string parent_of(const RunConfig& config) {
    if (const auto* post_training = std::get_if<PostTrainingConfig>(&config)) return post_training->parent;
    return std::get<TrainConfig>(config).parent;
}

}  // namespace nibble
