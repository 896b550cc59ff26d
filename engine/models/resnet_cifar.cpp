#include "engine/models/resnet_cifar.hpp"

#include <algorithm>
#include <string>

#include "engine/core/error.hpp"
#include "engine/models/parts.hpp"

namespace nibble {
namespace {

constexpr int kMaxDepth = 1202;  // the deepest network of the paper

/// The branch beside the two convolutions; only called when there is one.
int shortcut(Graph& graph, int x, const std::string& block, int channels, int stride, Shortcut kind) {
    const bool same_shape = stride == 1 && graph[x].out.c == channels;
    if (same_shape) return x;
    if (kind == Shortcut::option_a) return graph.shortcut_a(x, channels, stride);
    return conv_bn(graph, x, block + "downsample.0", block + "downsample.1", channels, {1, 1, stride});
}

/// relu(bn(conv(relu(bn(conv(x))))) + shortcut(x))
int basic_block(Graph& graph, int x, const std::string& block, int channels, int stride, Shortcut kind) {
    int y = conv_bn(graph, x, block + "conv1", block + "bn1", channels, same(3, stride));
    y = conv_bn(graph, graph.relu(y), block + "conv2", block + "bn2", channels, same(3));
    if (kind != Shortcut::none) y = graph.add(y, shortcut(graph, x, block, channels, stride, kind));
    return graph.relu(y);
}

void check(const ResnetCifar& options) {
    if (options.depth < 8 || options.depth > kMaxDepth || (options.depth - 2) % 6 != 0)
        throw BadInput("resnet_cifar", "depth", "6n + 2 from 8 to " + std::to_string(kMaxDepth),
                       std::to_string(options.depth));
    check_width_and_classes("resnet_cifar", options.width, options.classes);
}

}  // namespace

Graph resnet_cifar(const ResnetCifar& options) {
    check(options);
    const auto widened = [&](int channels) {
        return std::max(1, static_cast<int>(channels * options.width));
    };
    Graph graph;
    int x = graph.input(options.input);
    x = graph.relu(conv_bn(graph, x, "conv1", "bn1", widened(16), same(3)));
    const int blocks = (options.depth - 2) / 6;
    for (int stage = 1; stage <= 3; ++stage)
        for (int i = 0; i < blocks; ++i) {
            const std::string block = "layer" + std::to_string(stage) + "." + std::to_string(i) + ".";
            const int stride = stage > 1 && i == 0 ? 2 : 1;
            x = basic_block(graph, x, block, widened(8 << stage), stride, options.shortcut);
        }
    graph.linear(graph.global_pool(x), "linear", options.classes);
    return graph;
}

}  // namespace nibble
