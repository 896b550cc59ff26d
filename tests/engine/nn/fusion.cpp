#include "engine/nn/fusion.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

std::string text(const FusedLayer& l) {
    std::string t = "conv " + std::to_string(l.conv);
    if (l.norm >= 0) t += " norm " + std::to_string(l.norm);
    if (l.add >= 0) t += " add " + std::to_string(l.add) + " of " + std::to_string(l.residual);
    if (l.relu) t += " relu";
    return t + " ends " + std::to_string(l.last);
}

std::vector<std::string> texts(const Graph& g) {
    std::vector<std::string> all;
    for (const FusedLayer& layer : fuse(g)) all.push_back(text(layer));
    return all;
}

using Texts = std::vector<std::string>;

const Window kSquare{3, 3, 1, 1};

TEST_CASE("fusion: every part of the chain may be there or not") {
    for (int parts = 0; parts < 8; ++parts) {
        const bool norm = parts & 1, add = parts & 2, relu = parts & 4;
        Graph g;
        const int in = g.input({4, 4, 3});
        int x = g.conv(in, "a", 3, kSquare);
        std::string expected = "conv 1";
        const auto part = [&](const char* name, int node, const char* more) {
            expected += name + std::to_string(node) + more;
            return node;
        };
        if (norm) x = part(" norm ", g.batch_norm(x, "bn"), "");
        if (add) x = part(" add ", parts % 3 ? g.add(x, in) : g.add(in, x), " of 0");
        if (relu) {
            x = g.relu(x);
            expected += " relu";
        }
        expected += " ends " + std::to_string(x);
        g.global_pool(x);
        CAPTURE(parts);
        CHECK(texts(g) == Texts{expected});
    }
}

TEST_CASE("fusion: layers end where their value has a second reader or the chain's order ends") {
    Graph g;
    const int in = g.input({4, 4, 3});
    const int a = g.conv(in, "a", 3, kSquare);                                       // 1: read twice
    const int b = g.relu(g.conv(a, "b", 3, kSquare));                                // 2, 3
    const int c = g.add(g.conv(b, "c", 3, kSquare), a);                              // 4, 5
    const int d = g.conv(c, "d", 3, kSquare);                                        // 6
    const int e = g.add(d, g.shortcut_a(c, 3, 1));                                   // 7 (shortcut), 8
    const int f = g.add(g.batch_norm(g.conv(g.relu(e), "f", 3, kSquare), "bn"), c);  // 9 relu, 10, 11, 12
    g.linear(g.global_pool(f), "g", 2);                                              // 13, 14
    CHECK(texts(g) == Texts{"conv 1 ends 1", "conv 2 relu ends 3", "conv 4 add 5 of 1 ends 5",
                            "conv 6 add 8 of 7 relu ends 9", "conv 10 norm 11 add 12 of 5 ends 12",
                            "conv 14 ends 14"});
}

TEST_CASE("fusion: one addition joins a layer to each of two private convolutions once") {
    Graph g;
    const int in = g.input({4, 4, 3});
    const int left = g.conv(in, "left", 3, kSquare), right = g.conv(in, "right", 3, {});
    g.global_pool(g.add(left, right));
    // The first operand starts the fused layer; the other one is a layer of its own.
    CHECK(texts(g) == Texts{"conv 2 ends 2", "conv 1 add 3 of 2 ends 3"});
}

TEST_CASE("fusion: a second addition and a second ReLU do not join") {
    Graph g;
    const int in = g.input({4, 4, 3});
    const int sum = g.add(g.conv(in, "a", 3, kSquare), in);
    g.global_pool(g.add(sum, g.conv(in, "b", 3, kSquare)));
    CHECK(texts(g) == Texts{"conv 1 add 2 of 0 ends 2", "conv 3 add 4 of 2 ends 4"});
    Graph twice;
    twice.global_pool(twice.relu(twice.relu(twice.conv(twice.input({4, 4, 3}), "a", 3, kSquare))));
    CHECK_THROWS_WITH_AS(fuse(twice), doctest::Contains("node 3 (relu)"), Unsupported);
}

/// Builds a graph on an input of 4x4x3 and expects a refusal that names the node.
template <class Build>
void refused(const char* message, Build&& build) {
    Graph g;
    build(g, g.input({4, 4, 3}));
    CAPTURE(message);
    CHECK_THROWS_WITH_AS(fuse(g), doctest::Contains(message), Unsupported);
}

TEST_CASE("fusion: graphs that do not come out as layers are refused, naming the node") {
    refused("node 1 (relu)", [](Graph& g, int x) { g.global_pool(g.relu(x)); });
    refused("node 1 (batch_norm bn)", [](Graph& g, int x) { g.global_pool(g.batch_norm(x, "bn")); });
    refused("node 2 (batch_norm bn)", [](Graph& g, int x) { g.batch_norm(g.global_pool(x), "bn"); });
    refused("node 3 (batch_norm bn)",
            [](Graph& g, int x) { g.global_pool(g.batch_norm(g.relu(g.conv(x, "a", 3, {})), "bn")); });
    refused("node 3 (batch_norm again)", [](Graph& g, int x) {
        g.global_pool(g.batch_norm(g.batch_norm(g.conv(x, "a", 3, {}), "bn"), "again"));
    });
    refused("node 1 (add)", [](Graph& g, int x) { g.global_pool(g.add(x, x)); });
    refused("node 2 (add)", [](Graph& g, int x) {
        const int a = g.conv(x, "a", 3, {});
        g.global_pool(g.add(a, a));
    });
    refused("node 3 (add)", [](Graph& g, int x) {
        const int a = g.relu(g.conv(x, "a", 3, {}));
        g.global_pool(g.add(a, x));
    });
    refused("node 1 (shortcut)", [](Graph& g, int x) { g.global_pool(g.shortcut_a(x, 3, 1)); });
    refused("node 1 (conv a): its output is not used", [](Graph& g, int x) {
        g.conv(x, "a", 3, {});
        g.global_pool(g.conv(x, "b", 3, {}));
    });
}

TEST_CASE("fusion: readers and descriptions") {
    Graph g;
    const int x = g.input({4, 4, 3});
    g.add(g.conv(x, "a", 3, {}), x);
    CHECK(readers_of(g) == std::vector<std::vector<int>>{{1, 2}, {2}, {}});
    CHECK(describe(g, 0) == "node 0 (input)");
    CHECK(describe(g, 1) == "node 1 (conv a)");
    CHECK(describe(g, 2) == "node 2 (add)");
}

}  // namespace
}  // namespace nibble
