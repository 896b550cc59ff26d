#include <string>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

int fire(Graph& g, int x, int index, int squeezed, int expanded) {
    const std::string name = "features." + std::to_string(index) + ".";
    x = g.relu(g.conv(x, name + "squeeze", squeezed, {}, true));
    const int small = g.relu(g.conv(x, name + "expand1x1", expanded, {}, true));
    return g.concat({small, g.relu(g.conv(x, name + "expand3x3", expanded, same(3), true))});
}

int ceil_pool(Graph& g, int x) {
    return g.max_pool(x, Window(3, 3, 2).ceiled(g[x].out));
}

}  // namespace

Graph squeezenet(int version, const ModelOptions& options) {
    Graph g;
    int x = g.input(options.input);
    x = g.conv(x, "features.0", version == 0 ? 96 : 64, version == 0 ? Window(7, 7, 2) : Window(3, 3, 2),
               true);
    x = ceil_pool(g, g.relu(x));
    // Positions in "features": poolings take one, too, and where they are differs.
    const int first = version == 0 ? 3 : 2, second = version == 0 ? 7 : 4;
    int index = 3;
    constexpr int kSqueezed[] = {16, 16, 32, 32, 48, 48, 64, 64};
    for (int i = 0; i < 8; ++i) {
        if (i == first || i == second) {
            x = ceil_pool(g, x);
            ++index;
        }
        x = fire(g, x, index++, kSqueezed[i], 4 * kSqueezed[i]);
    }
    x = g.relu(g.conv(g.dropout(x, 0.5f), "classifier.1", options.classes, {}, true));
    g.global_pool(x);
    return g;
}

}  // namespace nibble
