#include <string>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

int activated(Graph& g, int x) {
    return g.function(Op::silu, x);
}

int mb_conv(Graph& g, int x, const std::string& name, int expansion, int channels, Window window) {
    const int in = g[x].out.c, inner = in * expansion;
    int y = x, index = 0;
    const auto part = [&] { return name + ".block." + std::to_string(index++); };
    if (expansion != 1) y = activated(g, conv_bn(g, y, part(), inner, {}));
    y = activated(g, conv_bn(g, y, part(), inner, window, inner));
    y = squeeze_excite(g, y, part(), std::max(1, in / 4), Op::silu, Op::sigmoid);
    y = conv_bn(g, y, part(), channels, {});
    return window.rows.stride == 1 && channels == in ? g.add(y, x) : y;
}

}  // namespace

Graph efficientnet_b0(const ModelOptions& options) {
    struct Stage {
        int expansion, kernel, stride, channels, blocks;
    };
    constexpr Stage kStages[] = {{1, 3, 1, 16, 1},  {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3},
                                 {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1}};
    Graph g;
    int x = activated(g, conv_bn(g, g.input(options.input), "features.0", 32, same(3, 2)));
    int stage = 1;
    for (const Stage& s : kStages) {
        const std::string name = "features." + std::to_string(stage++) + ".";
        for (int i = 0; i < s.blocks; ++i)
            x = mb_conv(g, x, name + std::to_string(i), s.expansion, s.channels,
                        same(s.kernel, i == 0 ? s.stride : 1));
    }
    x = activated(g, conv_bn(g, x, "features.8", 1280, {}));
    g.linear(g.dropout(g.global_pool(x), 0.2f), "classifier.1", options.classes);
    return g;
}

}  // namespace nibble
