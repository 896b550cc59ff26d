#include "engine/quant/equalization/channel_readers.hpp"

#include <doctest/doctest.h>

using namespace nibble;

namespace {

using Channels = std::vector<std::vector<InputChannel>>;

/// The readers of the first layer.
std::optional<ChannelReaders> readers_of_first(const Graph& graph) {
    return channel_readers(graph, graph.weighted_layers().front());
}

}  // namespace

TEST_CASE("a channel is followed to every layer that reads it, through all that hands a factor on") {
    Graph g;
    int x = g.conv(g.input({8, 8, 3}), "a", 2, {3, 3});
    x = g.dropout(g.max_pool(g.leaky_relu(g.relu(x)), {2, 2}), 0.5f);
    const int b = g.conv(x, "b", 2, {1, 1});
    const int c = g.conv(g.pad(x, 1, 1, 1, 1), "c", 2, {3, 3}, false, 2);
    g.linear(g.concat({g.global_pool(b), g.adaptive_pool(c, 1, 1)}), "end", 2);
    CHECK(readers_of_first(g)->of == Channels{{{b, 0}, {c, 0}}, {{b, 1}, {c, 1}}});
    CHECK(channel_readers(g, b)->of == Channels{{{g.size() - 1, 0}}, {{g.size() - 1, 1}}});
    CHECK(channel_readers(g, c)->of == Channels{{{g.size() - 1, 2}}, {{g.size() - 1, 3}}});
    CHECK(!channel_readers(g, g.size() - 1));  // logits
}

TEST_CASE("concatenations, slices and shuffles move a channel") {
    Graph g;
    const int image = g.input({4, 4, 3});
    const int a = g.conv(image, "a", 4, {1, 1}), other = g.conv(image, "other", 2, {1, 1});
    // o0 o1 a0 a1 a2 a3, shuffled: o0 a1 o1 a2 a0 a3
    const int x = g.shuffle(g.concat({other, a}), 2);
    const int left = g.conv(g.slice(x, 0, 3), "left", 1, {1, 1});
    const int right = g.conv(g.slice(x, 4, 2), "right", 1, {1, 1});
    g.linear(g.global_pool(g.concat({left, right})), "end", 2);
    CHECK(channel_readers(g, a)->of == Channels{{{right, 0}}, {{left, 1}}, {}, {{right, 1}}});
    CHECK(channel_readers(g, other)->of == Channels{{{left, 0}}, {{left, 2}}});
}

TEST_CASE("additions, functions and bounds that know a scale leave a layer out, ReLU6 among them") {
    for (const auto& [name, between] : std::vector<std::pair<const char*, int (*)(Graph&, int)>>{
             {"sum", [](Graph&g, int x) { return g.add(x, g.relu(x)); }},
             {"gate", [](Graph&g, int x) { return g.multiply(x, g.global_pool(x)); }},
             {"function", [](Graph&g, int x) { return g.function(Op::hard_swish, x); }},
             {"norm", [](Graph&g, int x) { return g.batch_norm(g.relu(x), "norm"); }},
             {"ReLU6", [](Graph&g, int x) { return g.clamp(x, {0, 6}); }},
             {"bounds", [](Graph&g, int x) {
                  return g.clamp(x, {-1, 1});
              }}}) {
        CAPTURE(name);
        Graph g;
        g.linear(between(g, g.conv(g.input({4, 4, 3}), "a", 2, {1, 1})), "end", 2);
        CHECK(!readers_of_first(g));
    }
}
