// Pieces that several models are built of.
#pragma once

#include <algorithm>
#include <string>

#include "engine/core/error.hpp"
#include "engine/nn/graph.hpp"

namespace nibble {

/// A window with the padding that keeps the size, but for its stride; its sides are odd.
inline Window same(int kernel, int stride = 1) {
    return {kernel, kernel, stride, kernel / 2};
}

/// bn(conv(x)); returns its node.
inline int conv_bn(Graph& graph, int x, const std::string& conv, const std::string& bn, int channels,
                   Window window, int groups = 1, float eps = 1e-5f) {
    return graph.batch_norm(graph.conv(x, conv, channels, window, false, groups), bn, eps);
}

/// torchvision's sequences of a convolution and its batch norm: <name>.0 and <name>.1.
inline int conv_bn(Graph& graph, int x, const std::string& name, int channels, Window window, int groups = 1,
                   float eps = 1e-5f) {
    return conv_bn(graph, x, name + ".0", name + ".1", channels, window, groups, eps);
}

/// AdaptiveAvgPool2d: nothing where the size is that already.
inline int adaptive_pool(Graph& graph, int x, int size) {
    const Dims in = graph[x].out;
    return in.h == size && in.w == size ? x : graph.adaptive_pool(x, size, size);
}

/// x * gate(fc2(f(fc1(mean of x)))), a gate per channel (Hu et al. 2017); f is ReLU for Op::clamp.
inline int squeeze_excite(Graph& graph, int x, const std::string& name, int squeezed, Op f, Op gate) {
    int y = graph.conv(graph.global_pool(x), name + ".fc1", squeezed, {}, true);
    y = f == Op::clamp ? graph.relu(y) : graph.function(f, y);
    y = graph.conv(y, name + ".fc2", graph[x].out.c, {}, true);
    return graph.multiply(x, graph.function(gate, y));
}

/// The multiple of 8 nearest to `channels`, but never less than 90 % of it (MobileNet's rule).
inline int divisible(double channels) {
    const int near = std::max(8, static_cast<int>(channels + 4) / 8 * 8);
    return near < 0.9 * channels ? near + 8 : near;
}

/// Throws BadInput, which names `network`, unless 0 < width <= 64 and classes >= 1.
inline void check_width_and_classes(const std::string& network, double width, int classes) {
    constexpr double kMaxWidth = 64;
    if (!(width > 0 && width <= kMaxWidth))
        throw BadInput(network, "width multiplier", "more than 0, at most 64", std::to_string(width));
    if (classes < 1) throw BadInput(network, "classes", "at least 1", std::to_string(classes));
}

}  // namespace nibble
