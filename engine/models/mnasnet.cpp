#include <string>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

/// Expansion, depthwise convolution, projection: layers.<stack>.<i>.layers.{0,1, 3,4, 6,7}.
int mnas_block(Graph& g, int x, const std::string& name, int channels, Window window, int expansion) {
    const int in = g[x].out.c, inner = in * expansion;
    int y = g.relu(conv_bn(g, x, name + "0", name + "1", inner, {}));
    y = g.relu(conv_bn(g, y, name + "3", name + "4", inner, window, inner));
    y = conv_bn(g, y, name + "6", name + "7", channels, {});
    return window.rows.stride == 1 && channels == in ? g.add(y, x) : y;
}

}  // namespace

Graph mnasnet(double alpha, const ModelOptions& options) {
    struct Stack {
        int channels, kernel, stride, expansion, blocks;
    };
    constexpr Stack kStacks[] = {{24, 3, 2, 3, 3}, {40, 5, 2, 3, 3},  {80, 5, 2, 6, 3},
                                 {96, 3, 1, 6, 2}, {192, 5, 2, 6, 4}, {320, 3, 1, 6, 1}};
    const int first = divisible(32 * alpha);
    Graph g;
    int x = g.relu(conv_bn(g, g.input(options.input), "layers.0", "layers.1", first, same(3, 2)));
    x = g.relu(conv_bn(g, x, "layers.3", "layers.4", first, same(3), first));
    x = conv_bn(g, x, "layers.6", "layers.7", divisible(16 * alpha), {});
    int index = 8;
    for (const Stack& s : kStacks) {
        const std::string stack = "layers." + std::to_string(index++) + ".";
        for (int i = 0; i < s.blocks; ++i)
            x = mnas_block(g, x, stack + std::to_string(i) + ".layers.", divisible(s.channels * alpha),
                           same(s.kernel, i == 0 ? s.stride : 1), s.expansion);
    }
    x = g.relu(conv_bn(g, x, "layers.14", "layers.15", 1280, {}));
    g.linear(g.dropout(g.global_pool(x), 0.2f), "classifier.1", options.classes);
    return g;
}

}  // namespace nibble
