#include <array>
#include <string>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

constexpr float kGooglenetEps = 1e-3f;

int basic(Graph& g, int x, const std::string& name, int channels, Window window) {
    return g.relu(conv_bn(g, x, name + ".conv", name + ".bn", channels, window, 1, kGooglenetEps));
}

/// Channels of the 1x1 branch, of both layers of the 3x3 and of the "5x5" branch, and behind the pooling.
int inception(Graph& g, int x, const std::string& name, const std::array<int, 6>& c) {
    const int first = basic(g, x, name + ".branch1", c[0], {});
    const int second =
        basic(g, basic(g, x, name + ".branch2.0", c[1], {}), name + ".branch2.1", c[2], same(3));
    const int third =
        basic(g, basic(g, x, name + ".branch3.0", c[3], {}), name + ".branch3.1", c[4], same(3));
    return g.concat({first, second, third, basic(g, g.max_pool(x, same(3)), name + ".branch4.1", c[5], {})});
}

int pool(Graph& g, int x, int kernel) {
    return g.max_pool(x, Window(kernel, kernel, 2).ceiled(g[x].out));
}

}  // namespace

Graph googlenet(const ModelOptions& options) {
    Graph g;
    int x = basic(g, g.input(options.input), "conv1", 64, same(7, 2));
    x = basic(g, basic(g, pool(g, x, 3), "conv2", 64, {}), "conv3", 192, same(3));
    x = pool(g, x, 3);
    x = inception(g, x, "inception3a", {64, 96, 128, 16, 32, 32});
    x = inception(g, x, "inception3b", {128, 128, 192, 32, 96, 64});
    x = pool(g, x, 3);
    x = inception(g, x, "inception4a", {192, 96, 208, 16, 48, 64});
    x = inception(g, x, "inception4b", {160, 112, 224, 24, 64, 64});
    x = inception(g, x, "inception4c", {128, 128, 256, 24, 64, 64});
    x = inception(g, x, "inception4d", {112, 144, 288, 32, 64, 64});
    x = inception(g, x, "inception4e", {256, 160, 320, 32, 128, 128});
    x = pool(g, x, 2);
    x = inception(g, x, "inception5a", {256, 160, 320, 32, 128, 128});
    x = inception(g, x, "inception5b", {384, 192, 384, 48, 128, 128});
    g.linear(g.dropout(g.global_pool(x), 0.2f), "fc", options.classes);
    return g;
}

}  // namespace nibble
