// The plain definitions of the operations against the network that runs them fused, bit for bit in f32.
#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/network.hpp"
#include "engine/nn/ops/op.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

/// The value of every node for one image.
std::vector<std::vector<float>> interpret(const Graph& graph, const Weights& weights,
                                          const std::vector<float>& image) {
    std::vector<std::vector<float>> values{image};
    for (int i = 1; i < graph.size(); ++i) {
        std::vector<OpInput> in;
        for (int x : graph[i].inputs)
            in.push_back({values[static_cast<std::size_t>(x)].data(), graph[x].out});
        std::vector<float> out(graph[i].out.size());
        operation(graph[i].op).forward(graph[i], in, weights, out.data());
        values.push_back(std::move(out));
    }
    return values;
}

void check(const Graph& graph, std::uint32_t stream, Fuse how) {
    Weights weights = test::random_weights(graph, stream), none;
    const auto image = test::random_images(graph.input_dims(), 1, stream);
    Network network(graph, Numerics::f32, Network::Mode::evaluation, 0, weights, none, nullptr, how);
    std::vector<float> logits(static_cast<std::size_t>(graph.classes()));
    network.infer(image.data(), logits, 0);
    const auto plain = interpret(graph, weights, image);
    CHECK(plain.back() == logits);
    int seen = 0;
    for (int i = 0; i < graph.size(); ++i) {
        const auto found = network.activation(i, 0);
        if (found.empty()) continue;  // inside a fused layer
        ++seen;
        CAPTURE(i);
        CHECK(found == plain[static_cast<std::size_t>(i)]);
    }
    CHECK(seen > 2);
    if (how == Fuse::nowhere) CHECK(seen == graph.size());
}

void check(const Graph& graph, std::uint32_t stream) {
    for (const Fuse how : {Fuse::all, Fuse::nowhere}) check(graph, stream, how);
}

TEST_CASE("operations: what a network computes fused is what they define, bit for bit") {
    for (const char* model : {"resnet8-w0.25", "resnet8-w0.25-projection", "plain8-w0.5"})
        check(make_model(model, 10, {8, 12, 3}), 3);
    Graph g;
    int x =
        g.relu(g.batch_norm(g.conv(g.input({9, 8, 3}), "a", 17, {{3, 2, 0, 1}, {2, 1, 1, 0}}, true), "bn"));
    x = g.max_pool(x, {{3, 1, 1, 2}, {2, 2, 0, 1}});
    const int wide = g.conv(x, "b", 20, {5, 5, 2, 2});
    x = g.add(wide, g.shortcut_a(x, 20, 2));
    x = g.avg_pool(g.relu(x), {{2, 1, 0, 1}, {2, 1, 1, 0}});
    g.linear(g.global_pool(x), "c", 7);
    check(g, 4);
}

TEST_CASE("operations: those that do not fuse, in networks that branch and join") {
    Graph g;
    int x = g.conv(g.input({11, 9, 6}), "stem", 12, {3, 3, 2, 1}, true);
    const int squeezed = g.function(Op::silu, g.conv(g.global_pool(x), "squeeze", 3, {}));
    x = g.multiply(x, g.function(Op::sigmoid, g.conv(squeezed, "excite", 12, {}, true)));
    const int left =
        g.clamp(g.batch_norm(g.conv(g.slice(x, 0, 6), "grouped", 9, {3, 3, 1, 1}, true, 3), "bn"), {0, 6});
    const int right =
        g.leaky_relu(g.conv(g.slice(x, 6, 6), "dilated", 7, {{3, 1, 2, 2, 2}, {3, 1, 2, 2, 2}}), 0.1f);
    x = g.shuffle(g.concat({left, right, x}), 4);
    x = g.relu(g.batch_norm(x, "pre"));
    x = g.add(g.conv(x, "depthwise", 28, {3, 3, 1, 1}, false, 28), g.function(Op::hard_swish, x));
    x = g.max_pool(g.pad(x, 0, 1, 2, 0), Window(3, 3, 2, 0).ceiled({7, 7, 28}));
    x = g.avg_pool(g.local_norm(x, {3, 0.5f, 0.75f, 2}), {3, 3, 1, 1}, false);
    x = g.multiply(x, g.function(Op::hard_sigmoid, x));
    x = g.relu(g.linear(g.dropout(g.adaptive_pool(x, 2, 2), 0.5f), "hidden", 10));
    g.softmax(g.linear(x, "out", 5));
    check(g, 5);
}

TEST_CASE("operations: a node needs as many operands as its operation has") {
    Graph g;
    const int x = g.input({4, 4, 3});
    CHECK_THROWS_AS(g.append({.op = Op::add, .name = {}, .inputs = {x}}), BadInput);
    CHECK_THROWS_AS(g.append({.op = Op::clamp, .name = {}, .inputs = {x, x}}), BadInput);
    CHECK_THROWS_AS(g.append({.op = Op::clamp, .name = {}, .inputs = {}}), BadInput);
}

}  // namespace
}  // namespace nibble
