#include <map>
#include <string>
#include <vector>

#include "engine/models/parts.hpp"
#include "engine/models/torchvision.hpp"

namespace nibble {

Graph vgg(int depth, bool batch_norm, const ModelOptions& options) {
    // Convolutions of each of five stages, which end in a pooling.
    static const std::map<int, std::vector<int>> kStages{
        {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};
    constexpr int kChannels[] = {64, 128, 256, 512, 512};
    const auto stages = kStages.find(depth);
    if (stages == kStages.end()) throw BadInput("vgg", "depth", "11, 13, 16 or 19", std::to_string(depth));
    Graph g;
    int x = g.input(options.input), index = 0;
    for (std::size_t stage = 0; stage < 5; ++stage) {
        for (int i = 0; i < stages->second[stage]; ++i) {
            x = g.conv(x, "features." + std::to_string(index++), kChannels[stage], same(3), true);
            if (batch_norm) x = g.batch_norm(x, "features." + std::to_string(index++));
            x = g.relu(x);
            ++index;
        }
        x = g.max_pool(x, {2, 2, 2});
        ++index;
    }
    x = adaptive_pool(g, x, 7);
    x = g.dropout(g.relu(g.linear(x, "classifier.0", 4096)), 0.5f);
    x = g.dropout(g.relu(g.linear(x, "classifier.3", 4096)), 0.5f);
    g.linear(x, "classifier.6", options.classes);
    return g;
}

}  // namespace nibble
