// What the ResNets of CIFAR and of ImageNet have in common.
#pragma once

#include <string>

#include "engine/core/error.hpp"
#include "engine/nn/graph.hpp"

namespace nibble {

/// A 3x3 convolution or pooling that keeps the size, but for its stride.
inline Window window3x3(int stride) {
    return {3, 3, stride, 1};
}

/// bn(conv(x)); returns its node.
inline int conv_bn(Graph& graph, int x, const std::string& conv, const std::string& bn, int channels,
                   Window window) {
    return graph.batch_norm(graph.conv(x, conv, channels, window), bn);
}

/// Throws BadInput, which names `network`, unless 0 < width <= 64 and classes >= 1.
inline void check_width_and_classes(const std::string& network, double width, int classes) {
    constexpr double kMaxWidth = 64;
    if (!(width > 0 && width <= kMaxWidth))
        throw BadInput(network, "width multiplier", "more than 0, at most 64", std::to_string(width));
    if (classes < 1) throw BadInput(network, "classes", "at least 1", std::to_string(classes));
}

}  // namespace nibble
