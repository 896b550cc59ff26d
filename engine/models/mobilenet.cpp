#include <span>
#include <string>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

constexpr Clamp kRelu6{0, 6};

/// Expansion, depthwise convolution, projection (Sandler et al. 2018, table 1); added to its input where shapes
/// allow it.
int inverted_residual(Graph& g, int x, const std::string& name, int expansion, int channels, int stride) {
    const int in = g[x].out.c, inner = in * expansion;
    int y = x, index = 0;
    const auto part = [&] { return name + ".conv." + std::to_string(index++); };
    if (expansion != 1) y = g.clamp(conv_bn(g, y, part(), inner, {}), kRelu6);
    y = g.clamp(conv_bn(g, y, part(), inner, same(3, stride), inner), kRelu6);
    const std::string conv = part();
    y = conv_bn(g, y, conv, part(), channels, {});
    return stride == 1 && channels == in ? g.add(y, x) : y;
}

struct V3Block {
    int kernel, expanded, channels;
    bool excites, swish;
    int stride;
};

constexpr V3Block kLarge[] = {
    {3, 16, 16, false, false, 1}, {3, 64, 24, false, false, 2}, {3, 72, 24, false, false, 1},
    {5, 72, 40, true, false, 2},  {5, 120, 40, true, false, 1}, {5, 120, 40, true, false, 1},
    {3, 240, 80, false, true, 2}, {3, 200, 80, false, true, 1}, {3, 184, 80, false, true, 1},
    {3, 184, 80, false, true, 1}, {3, 480, 112, true, true, 1}, {3, 672, 112, true, true, 1},
    {5, 672, 160, true, true, 2}, {5, 960, 160, true, true, 1}, {5, 960, 160, true, true, 1}};
constexpr V3Block kSmall[] = {
    {3, 16, 16, true, false, 2}, {3, 72, 24, false, false, 2}, {3, 88, 24, false, false, 1},
    {5, 96, 40, true, true, 2},  {5, 240, 40, true, true, 1},  {5, 240, 40, true, true, 1},
    {5, 120, 48, true, true, 1}, {5, 144, 48, true, true, 1},  {5, 288, 96, true, true, 2},
    {5, 576, 96, true, true, 1}, {5, 576, 96, true, true, 1}};
constexpr float kMobilenetEps = 1e-3f;

int v3_block(Graph& g, int x, const std::string& name, const V3Block& b) {
    const int in = g[x].out.c;
    int y = x, index = 0;
    const auto part = [&] { return name + ".block." + std::to_string(index++); };
    const auto activated = [&](int z) { return b.swish ? g.function(Op::hard_swish, z) : g.relu(z); };
    if (b.expanded != in) y = activated(conv_bn(g, y, part(), b.expanded, {}, 1, kMobilenetEps));
    y = activated(conv_bn(g, y, part(), b.expanded, same(b.kernel, b.stride), b.expanded, kMobilenetEps));
    if (b.excites) y = squeeze_excite(g, y, part(), divisible(b.expanded / 4), Op::clamp, Op::hard_sigmoid);
    y = conv_bn(g, y, part(), b.channels, {}, 1, kMobilenetEps);
    return b.stride == 1 && b.channels == in ? g.add(y, x) : y;
}

}  // namespace

Graph mobilenet_v2(bool small_images, const ModelOptions& options) {
    struct Stage {
        int expansion, channels, blocks, stride;
    };
    const Stage stages[] = {{1, 16, 1, 1}, {6, 24, 2, small_images ? 1 : 2},
                            {6, 32, 3, 2}, {6, 64, 4, 2},
                            {6, 96, 3, 1}, {6, 160, 3, 2},
                            {6, 320, 1, 1}};
    Graph g;
    int x = conv_bn(g, g.input(options.input), "features.0", 32, same(3, small_images ? 1 : 2));
    x = g.clamp(x, kRelu6);
    int index = 1;
    for (const Stage& s : stages)
        for (int i = 0; i < s.blocks; ++i)
            x = inverted_residual(g, x, "features." + std::to_string(index++), s.expansion, s.channels,
                                  i == 0 ? s.stride : 1);
    x = g.clamp(conv_bn(g, x, "features.18", 1280, {}), kRelu6);
    g.linear(g.dropout(g.global_pool(x), 0.2f), "classifier.1", options.classes);
    return g;
}

Graph mobilenet_v3(bool large, const ModelOptions& options) {
    Graph g;
    int x = conv_bn(g, g.input(options.input), "features.0", 16, same(3, 2), 1, kMobilenetEps);
    x = g.function(Op::hard_swish, x);
    int index = 1;
    const std::span<const V3Block> blocks = large ? std::span<const V3Block>(kLarge) : kSmall;
    for (const V3Block& block : blocks) x = v3_block(g, x, "features." + std::to_string(index++), block);
    x = conv_bn(g, x, "features." + std::to_string(index), 6 * g[x].out.c, {}, 1, kMobilenetEps);
    x = g.global_pool(g.function(Op::hard_swish, x));
    x = g.function(Op::hard_swish, g.linear(x, "classifier.0", large ? 1280 : 1024));
    g.linear(g.dropout(x, 0.2f), "classifier.3", options.classes);
    return g;
}

}  // namespace nibble
