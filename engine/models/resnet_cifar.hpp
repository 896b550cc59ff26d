// The CIFAR ResNets of He et al. (2015), section 4.2, and the same networks without shortcuts.
#pragma once

#include "engine/nn/graph.hpp"

namespace nibble {

enum class Shortcut {
    option_a,    ///< subsample and zero-pad where the shape changes: no parameters
    projection,  ///< 1x1 convolution and batch norm where the shape changes (layerL.0.downsample.{0,1})
    none         ///< plain network
};

struct ResnetCifar {
    int depth = 20;      ///< 6n + 2
    double width = 1.0;  ///< multiplies the channels 16, 32, 64 (rounded down, at least 1)
    Shortcut shortcut = Shortcut::option_a;
    int classes = 10;
    Dims input{32, 32, 3};
};

/// conv1, bn1, layer{1,2,3}.{i}.{conv1,bn1,conv2,bn2}, linear. Throws BadInput unless depth = 6n + 2, n >= 1.
Graph resnet_cifar(const ResnetCifar& options);

}  // namespace nibble
