#include <string>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

/// 1x1, depthwise 3x3, 1x1.
int long_branch(Graph& g, int x, const std::string& name, int channels, int stride) {
    x = g.relu(conv_bn(g, x, name + "0", name + "1", channels, {}));
    x = conv_bn(g, x, name + "3", name + "4", channels, same(3, stride), channels);
    return g.relu(conv_bn(g, x, name + "5", name + "6", channels, {}));
}

/// Half of the channels pass, half go through the branch; with a stride all go through two branches.
int shuffle_unit(Graph& g, int x, const std::string& name, int channels, int stride) {
    const int half = channels / 2, in = g[x].out.c;
    int left, right = x;
    if (stride == 1) {
        left = g.slice(x, 0, half);
        right = g.slice(x, half, half);
    } else {
        left = conv_bn(g, x, name + "branch1.0", name + "branch1.1", in, same(3, stride), in);
        left = g.relu(conv_bn(g, left, name + "branch1.2", name + "branch1.3", half, {}));
    }
    return g.shuffle(g.concat({left, long_branch(g, right, name + "branch2.", half, stride)}), 2);
}

}  // namespace

Graph shufflenet_v2(const std::array<int, 5>& channels, bool small_images, const ModelOptions& options) {
    constexpr int kUnits[] = {4, 8, 4};
    Graph g;
    int x = g.relu(conv_bn(g, g.input(options.input), "conv1", channels[0], same(3, small_images ? 1 : 2)));
    if (!small_images) x = g.max_pool(x, same(3, 2));
    for (std::size_t stage = 0; stage < 3; ++stage)
        for (int i = 0; i < kUnits[stage]; ++i)
            x = shuffle_unit(g, x, "stage" + std::to_string(stage + 2) + "." + std::to_string(i) + ".",
                             channels[stage + 1], i == 0 ? 2 : 1);
    x = g.relu(conv_bn(g, x, "conv5", channels[4], {}));
    g.linear(g.global_pool(x), "fc", options.classes);
    return g;
}

}  // namespace nibble
