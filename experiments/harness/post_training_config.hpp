// One quantization after training, completely: what a cell of a post-training experiment resolves to.
#pragma once

#include <cstdint>
#include <string>

#include "experiments/harness/json_fwd.hpp"

namespace nibble {

struct PostTrainingConfig {
    std::string family;  ///< of methods (engine/quant/post_training_methods.hpp)
    std::string model, data;
    std::string method;      ///< settings, as the family writes them
    std::string parent;      ///< where the float weights come from (parent.hpp)
    std::uint64_t seed = 0;  ///< which images calibrate
};

/// Every field, and how many images calibrate: the resolved configuration. Throws BadInput for a method that
/// does not exist.
Json to_json(const PostTrainingConfig& config);

/// Throws BadInput for a family, method or parent that cannot be, and for a draw of images (a seed) where no
/// image has a say: it would repeat seed 0.
void check(const PostTrainingConfig& config);

}  // namespace nibble
