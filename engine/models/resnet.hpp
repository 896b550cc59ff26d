// The ImageNet ResNets of He et al. (2015), table 1, as torchvision defines them.
#pragma once

#include "engine/nn/graph.hpp"

namespace nibble {

struct Resnet {
    int depth = 50;  ///< 18, 34, 50, 101 or 152
    int classes = 1000;
    Dims input{224, 224, 3};
};

/// conv1, bn1, layer{1,2,3,4}.{i}.{conv1,bn1,conv2,bn2[,conv3,bn3][,downsample.0,downsample.1]}, fc. From
/// depth 50 on, blocks have three convolutions and their stride in the 3x3 one ("v1.5"). Throws BadInput for
/// other depths.
Graph resnet(const Resnet& options);

}  // namespace nibble
