#include "experiments/harness/post_training_config.hpp"

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "experiments/harness/parent.hpp"

namespace nibble {

Json to_json(const PostTrainingConfig& config) {
    const auto method = post_training_method(config.family, config.method);
    Json json = {{"family", config.family}, {"model", config.model},
                 {"data", config.data},     {"method", config.method},
                 {"parent", config.parent}, {"calibration", method->calibration_images()},
                 {"seed", config.seed}};
    if (method->wants_augmented_images()) json["augmented"] = true;
    return json;
}

void check(const PostTrainingConfig& config) {
    const auto method = post_training_method(config.family, config.method);
    if (config.seed != 0 && method->calibration_images() == 0)
        throw BadInput("method " + config.method, "seed", "0, for no image is drawn",
                       std::to_string(config.seed));
    check_source(config.parent);
}

}  // namespace nibble
