// The ImageNet ResNets of He et al. (2015), table 1, as torchvision defines them, and of two more depths and
// any width, those of the aqt paper (arXiv 2105.03536).
//
//     depth     18       34       29       50       101       152       200
//     blocks    2,2,2,2  3,4,6,3  2,2,3,2  3,4,6,3  3,4,23,3  3,8,36,3  3,24,36,3
//     a block   3x3, 3x3          1x1, 3x3, 1x1 with 4 times the channels at its end
//
// Stage i = 0..3 has int(64 width) 2^i channels in a block; the stem keeps its 64. The stride of a block is
// in its (first) 3x3 convolution ("v1.5").
//
// The shortcut is a projection exactly where the shape changes, so at width 0.25 and depth 29 or more the
// first block, whose 4 * 16 channels are those of the stem, has none. The aqt code wants one there and
// refuses this width.
//
// Windows are padded on both sides (pad 3 for 7x7, 1 for 3x3). The aqt code pads 3x3 windows of stride 2 on
// one side on even sizes ("SAME"): other pixels at the border, the same shapes, parameters and
// multiplications.
#pragma once

#include "engine/nn/graph.hpp"

namespace nibble {

struct Resnet {
    int depth = 50;
    int groups = 1, width_per_group = 64;  ///< of the 3x3 convolutions in bottlenecks (ResNeXt, wide ResNets)
    double width = 1.0;  ///< multiplies the channels of the blocks, not of the stem; more than 0, at most 64
    int classes = 1000;
    Dims input{224, 224, 3};
};

/// conv1, bn1, layer{1,2,3,4}.{i}.{conv1,bn1,conv2,bn2[,conv3,bn3][,downsample.0,downsample.1]}, fc. Throws
/// BadInput for depths not listed and impossible widths and classes.
Graph resnet(const Resnet& options);

}  // namespace nibble
