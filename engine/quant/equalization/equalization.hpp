// Cross-layer equalization: a layer A with a few large output channels quantizes badly with one scale, and its input
// to the next layer, too. What A's channel c is multiplied by, the layers B that read it can be divided by: for
// f(s x) = s f(x), s > 0, as of ReLU,
//
//     W_B[:, c] f(W_A[c] x + b_A[c]) = (s W_B[:, c]) f((W_A[c] x + b_A[c]) / s)
//
//     s_c = sqrt(r_A(c) r_B(c)) / r_B(c),   r_A(c) = max |W_A[c]|,   r_B(c) = max |W_B[:, c]| over all B
//
//     W_A[c], b_A[c] /= s_c,   W_B[:, c] *= s_c
//
// makes both ranges sqrt(r_A r_B), channel by channel. One layer after the other, in the order of the graph, and over
// again until no |s_c - 1| of a round exceeds kTolerance, at most kMostRounds times: a layer in the middle is A and B.
// Channels with r_A = 0 or r_B = 0 stay. The factors are real numbers, and the products are computed in double and
// rounded once, so the float network's logits stay the same up to rounding.
//
// channel_readers.hpp says which layers B read a channel and between which layers f is such a function; through
// concatenations, slices and shuffles channels are followed. Other layers stay, among them those whose output is
// added to something. In a grouped convolution only outputs of the group of channel c read it.
//
// ReLU6 is no such function, and layers with one in between stay. The paper replaces it by ReLU, which changes the
// float network; on MobileNet-v1 x0.25 for ImageNet that cost more than equalizing brings.
//
// Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (arXiv 1906.04721),
// section 4.1; several B for one A, and channels moved about, are ours. Its absorption of large biases (section
// 4.1.3) is not here: activation scales come from images.
#pragma once

#include "engine/nn/fold.hpp"

namespace nibble {

struct Equalization {
    static constexpr double kTolerance = 1e-4;
    static constexpr int kMostRounds = 100;

    int pairs = 0;  ///< of layers A and B
    int rounds = 0;
};

/// Changes weights and biases.
Equalization equalize(FoldedNetwork& network);

}  // namespace nibble
