#include "engine/nn/fusion.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

std::string text(const FusedLayer& l) {
    std::string t = l.conv >= 0 ? "conv " + std::to_string(l.conv) : "value " + std::to_string(l.value);
    if (l.norm >= 0) t += " norm " + std::to_string(l.norm);
    if (l.add >= 0) t += " add " + std::to_string(l.add) + " of " + std::to_string(l.residual);
    if (l.clamp.bounds()) t += l.clamp == kRelu ? " relu" : " clamp";
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
    CHECK(texts(twice) == Texts{"conv 1 relu ends 2", "value 2 relu ends 3"});
}

TEST_CASE("fusion: what follows no convolution is a layer of its own") {
    Graph g;
    const int in = g.input({4, 4, 3});
    const int a = g.clamp(g.batch_norm(in, "a"), {-1, 6});                      // 1, 2
    const int b = g.relu(g.add(g.batch_norm(a, "b"), a));                       // 3, 4, 5
    const int c = g.batch_norm(g.batch_norm(g.conv(b, "c", 3, {}), "d"), "e");  // 6, 7, 8
    g.global_pool(g.add(c, g.add(b, b)));                                       // 9, 10
    CHECK(texts(g) == Texts{"value 0 norm 1 clamp ends 2", "value 2 norm 3 add 4 of 2 relu ends 5",
                            "conv 6 norm 7 ends 7", "value 5 add 9 of 5 ends 9",
                            "value 7 norm 8 add 10 of 9 ends 10"});
}

TEST_CASE("fusion: nowhere") {
    Graph g;
    const int in = g.input({4, 4, 3});
    g.global_pool(g.relu(g.add(g.batch_norm(g.conv(in, "a", 3, kSquare), "bn"), in)));
    std::vector<std::string> all;
    for (const FusedLayer& layer : fuse(g, Fuse::nowhere)) all.push_back(text(layer));
    CHECK(all == Texts{"conv 1 ends 1", "value 1 norm 2 ends 2", "value 2 add 3 of 0 ends 3",
                       "value 3 relu ends 4"});
}

TEST_CASE("fusion: a value that nobody reads is refused") {
    Graph g;
    const int x = g.input({4, 4, 3});
    g.conv(x, "a", 3, {});
    g.global_pool(g.conv(x, "b", 3, {}));
    CHECK_THROWS_WITH_AS(fuse(g), doctest::Contains("node 1 (conv a): its output is not used"), Unsupported);
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
