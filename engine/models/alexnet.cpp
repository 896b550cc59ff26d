#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {

Graph alexnet(const ModelOptions& options) {
    Graph g;
    int x = g.input(options.input);
    const auto conv = [&](const char* name, int channels, Window window) {
        x = g.relu(g.conv(x, name, channels, window, true));
    };
    conv("features.0", 64, {11, 11, 4, 2});
    x = g.max_pool(x, {3, 3, 2});
    conv("features.3", 192, same(5));
    x = g.max_pool(x, {3, 3, 2});
    conv("features.6", 384, same(3));
    conv("features.8", 256, same(3));
    conv("features.10", 256, same(3));
    x = adaptive_pool(g, g.max_pool(x, {3, 3, 2}), 6);
    x = g.relu(g.linear(g.dropout(x, 0.5f), "classifier.1", 4096));
    x = g.relu(g.linear(g.dropout(x, 0.5f), "classifier.4", 4096));
    g.linear(x, "classifier.6", options.classes);
    return g;
}

}  // namespace nibble
