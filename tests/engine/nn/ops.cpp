// The plain definitions of the operations against the network that runs them fused, bit for bit in f32.
#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/network.hpp"
#include "engine/nn/op.hpp"
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

void check(const Graph& graph, std::uint32_t stream) {
    Weights weights = test::random_weights(graph, stream), none;
    const auto image = test::random_images(graph.input_dims(), 1, stream);
    Network network(graph, Numerics::f32, Network::Mode::evaluation, 0, weights, none);
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

TEST_CASE("operations: a node needs as many operands as its operation has") {
    Graph g;
    const int x = g.input({4, 4, 3});
    CHECK_THROWS_AS(g.append({.op = Op::add, .name = {}, .inputs = {x}}), BadInput);
    CHECK_THROWS_AS(g.append({.op = Op::clamp, .name = {}, .inputs = {x, x}}), BadInput);
    CHECK_THROWS_AS(g.append({.op = Op::clamp, .name = {}, .inputs = {}}), BadInput);
}

}  // namespace
}  // namespace nibble
