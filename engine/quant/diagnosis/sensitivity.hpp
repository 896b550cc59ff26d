// Which layers a network can least afford to have quantized: one layer at a time takes its codes (weights,
// and the input where that is quantized), all others stay float, and the logits are compared with the float
// network's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/quant/post_training.hpp"

namespace nibble {

struct Sensitivity {
    std::string layer;
    double logit_error = 0;  ///< ||Z - Z^||^2 / ||Z||^2 over all images and classes
    double agreement = 1;    ///< share of images with the same largest logit
};

/// In the order of the graph. `original`: the float network that was quantized; images as it takes them.
std::vector<Sensitivity> sensitivities(const FoldedNetwork& original, const PostTrained& quantized,
                                       std::span<const float> images);

}  // namespace nibble
