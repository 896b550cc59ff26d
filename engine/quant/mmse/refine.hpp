// Scale refinement ("+opt"): integer codes fixed, the scales of all output channels tuned together on a few
// unlabelled images until the quantized network f_q says what the float network f says,
//
//     min over gamma of  sum_i || f(X_i) - f_q(X_i; gamma) ||^2,   gamma = all scales of weights.
//
// Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015) on the logarithms of the scales,
// which keeps their signs and makes its steps relative: with W_o = sum_t alpha_t T~_t the weights of an
// output channel,
//
//     d loss / d log alpha_t = < d loss / d W_o, alpha_t T~_t >,
//
// and d loss / d W_o is what the training engine gives. Where activations are quantized, products read their
// codes, through which gradients pass where nothing is clipped (the straight-through estimator); the scales
// of activations, and biases, stay. What additions and poolings read counts as float here.
//
// The paper's optimizer, rate and number of images are not known; these are ours.
#pragma once

#include <cstddef>
#include <span>

#include "engine/nn/fold.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::mmse {

struct Refinement {
    int batch = 32;      ///< images of a step, the set taken in order again and again
    int steps = 200;     ///< at least 1
    double rate = 1e-3;  ///< of the first step; falls linearly to 0
    double decay_1 = 0.9, decay_2 = 0.999, eps = 1e-8;  ///< Adam's
};

/// Mean over the images of the squared distance of the logits.
struct RefinementLoss {
    double before = 0, after = 0;
};

/// Changes the steps of the quantized weights, unless the loss over all images would not fall (then
/// after = before). `folded` is the network that is quantized, with whatever biases it runs with; `targets`
/// are the float network's logits, n x classes. Throws BadInput when sizes or options do not fit or there is
/// no image; Unsupported for codes of activations by channel.
RefinementLoss refine_scales(const FoldedNetwork& folded, std::span<const float> images,
                             std::span<const float> targets, const Refinement& options,
                             Quantization& quantization);

}  // namespace nibble::mmse
