#include <map>
#include <string>
#include <vector>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {
namespace {

int norm_relu(Graph& g, int x, const std::string& norm) {
    return g.relu(g.batch_norm(x, norm));
}

/// Each layer adds `growth` channels to all before it; with a bottleneck of 4 times as many in front.
int dense_block(Graph& g, int x, const std::string& name, int layers, int growth, bool bottleneck) {
    std::vector<int> features{x};
    for (int i = 1; i <= layers; ++i) {
        const std::string layer = name + ".denselayer" + std::to_string(i) + ".";
        int y = norm_relu(g, features.size() > 1 ? g.concat(features) : x, layer + "norm1");
        if (bottleneck) y = norm_relu(g, g.conv(y, layer + "conv1", 4 * growth, {}), layer + "norm2");
        features.push_back(g.conv(y, layer + (bottleneck ? "conv2" : "conv1"), growth, same(3)));
    }
    return g.concat(features);
}

int transition(Graph& g, int x, const std::string& name, int channels) {
    x = g.conv(norm_relu(g, x, name + ".norm"), name + ".conv", channels, {});
    return g.avg_pool(x, {2, 2, 2});
}

int head(Graph& g, int x, int block) {
    return g.global_pool(norm_relu(g, x, "features.norm" + std::to_string(block)));
}

}  // namespace

Graph densenet(int depth, const ModelOptions& options) {
    static const std::map<int, std::vector<int>> kLayers{
        {121, {6, 12, 24, 16}}, {161, {6, 12, 36, 24}}, {169, {6, 12, 32, 32}}, {201, {6, 12, 48, 32}}};
    const auto layers = kLayers.find(depth);
    if (layers == kLayers.end())
        throw BadInput("densenet", "depth", "121, 161, 169 or 201", std::to_string(depth));
    const int growth = depth == 161 ? 48 : 32;
    Graph g;
    int x = g.conv(g.input(options.input), "features.conv0", 2 * growth, same(7, 2));
    x = g.max_pool(norm_relu(g, x, "features.norm0"), same(3, 2));
    for (int block = 1; block <= 4; ++block) {
        const std::string number = std::to_string(block);
        x = dense_block(g, x, "features.denseblock" + number, layers->second[block - 1], growth, true);
        if (block < 4) x = transition(g, x, "features.transition" + number, g[x].out.c / 2);
    }
    g.linear(head(g, x, 5), "classifier", options.classes);
    return g;
}

Graph densenet40(const ModelOptions& options) {
    Graph g;
    int x = g.conv(g.input(options.input), "features.conv0", 16, same(3));
    for (int block = 1; block <= 3; ++block) {
        const std::string number = std::to_string(block);
        x = dense_block(g, x, "features.denseblock" + number, 12, 12, false);
        if (block < 3) x = transition(g, x, "features.transition" + number, g[x].out.c);
    }
    g.linear(head(g, x, 4), "classifier", options.classes);
    return g;
}

}  // namespace nibble
