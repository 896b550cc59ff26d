#include "engine/models/resnet.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "engine/core/error.hpp"
#include "engine/models/parts.hpp"

namespace nibble {
namespace {

struct Layout {
    bool bottleneck;
    std::array<int, 4> blocks;  ///< of each stage
};

const std::map<int, Layout> kLayouts{{18, {false, {2, 2, 2, 2}}},  {34, {false, {3, 4, 6, 3}}},
                                     {29, {true, {2, 2, 3, 2}}},   {50, {true, {3, 4, 6, 3}}},
                                     {101, {true, {3, 4, 23, 3}}}, {152, {true, {3, 8, 36, 3}}},
                                     {200, {true, {3, 24, 36, 3}}}};
constexpr int kExpansion = 4;  // of the channels at the end of a bottleneck

/// Two 3x3 convolutions, or 1x1, 3x3, 1x1; without the ReLU at the end.
int branch(Graph& graph, int x, const std::string& block, int channels, int stride, const Resnet& options) {
    if (!kLayouts.at(options.depth).bottleneck) {
        x = graph.relu(conv_bn(graph, x, block + "conv1", block + "bn1", channels, same(3, stride)));
        return conv_bn(graph, x, block + "conv2", block + "bn2", channels, same(3));
    }
    // In torchvision's words: width = planes * (width per group / 64) * groups.
    const int inner = channels * options.width_per_group / 64 * options.groups;
    x = graph.relu(conv_bn(graph, x, block + "conv1", block + "bn1", inner, {}));
    x = graph.relu(conv_bn(graph, x, block + "conv2", block + "bn2", inner, same(3, stride), options.groups));
    return conv_bn(graph, x, block + "conv3", block + "bn3", kExpansion * channels, {});
}

/// relu(branch(x) + shortcut(x)); the shortcut is a projection where the shape changes.
int residual_block(Graph& graph, int x, const std::string& name, int channels, int stride,
                   const Resnet& options) {
    const int y = branch(graph, x, name, channels, stride, options), out = graph[y].out.c;
    if (stride != 1 || graph[x].out.c != out)
        x = conv_bn(graph, x, name + "downsample.0", name + "downsample.1", out, {1, 1, stride});
    return graph.relu(graph.add(y, x));
}

const Layout& checked_layout(const Resnet& options) {
    const auto layout = kLayouts.find(options.depth);
    if (layout == kLayouts.end())
        throw BadInput("resnet", "depth", "18, 29, 34, 50, 101, 152 or 200", std::to_string(options.depth));
    check_width_and_classes("resnet", options.width, options.classes);
    return layout->second;
}

}  // namespace

Graph resnet(const Resnet& options) {
    const Layout& layout = checked_layout(options);
    const int channels = std::max(1, static_cast<int>(64 * options.width));
    Graph graph;
    int x = graph.input(options.input);
    x = conv_bn(graph, x, "conv1", "bn1", 64, {7, 7, 2, 3});
    x = graph.max_pool(graph.relu(x), same(3, 2));
    for (int stage = 0; stage < 4; ++stage)
        for (int i = 0; i < layout.blocks[stage]; ++i) {
            const std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(i) + ".";
            x = residual_block(graph, x, name, channels << stage, stage > 0 && i == 0 ? 2 : 1, options);
        }
    graph.linear(graph.global_pool(x), "fc", options.classes);
    return graph;
}

}  // namespace nibble
