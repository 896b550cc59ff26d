// What a cell does: train a network, or quantize one that is trained.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "datasets/preprocessing/preprocessing.hpp"
#include "experiments/pipeline/config.hpp"

namespace nibble {

class PostTrainingMethod;

/// One quantization after training, completely: what a cell of a post-training experiment resolves to.
struct PostTrainingConfig {
    std::string family;  ///< of methods (engine/quant/post_training_methods.hpp)
    std::string model, data;
    std::string method;      ///< settings, as the family writes them
    std::string parent;      ///< where the float weights come from (cell.hpp)
    std::uint64_t seed = 0;  ///< which images calibrate
    /// Images that calibrate where the settings do not say how many; 0: as many as is usual for the method.
    std::size_t calibration = 0;
    StatedPreprocessing preprocessing =
        {};  ///< how the model wants its images; unstated: as the data set says

    std::size_t calibration_images(const PostTrainingMethod& post_training) const;
};

/// Every field: the resolved configuration. Throws BadInput for a method that does not exist.
Json to_json(const PostTrainingConfig& config);

/// Throws BadInput for a family or method that cannot be, and for a draw of images (a seed) where no
/// image has a say: it would repeat seed 0.
void check(const PostTrainingConfig& config);

using RunConfig = std::variant<TrainConfig, PostTrainingConfig>;

/// The resolved configuration.
Json to_json(const RunConfig& config);

/// Where the weights come from that it starts with; empty: from random numbers.
std::string parent_of(const RunConfig& config);

}  // namespace nibble
