#include "engine/nn/fold.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/network.hpp"
#include "engine/nn/predictor.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

const Window kSquare{3, 3, 1, 1};

/// Batch norm after a convolution with and without bias and after a linear layer; layers without batch norm.
Graph example() {
    Graph g;
    int x = g.input({6, 6, 3});
    x = g.relu(g.batch_norm(g.conv(x, "a", 4, kSquare), "a_bn"));
    x = g.relu(g.add(g.batch_norm(g.conv(x, "b", 4, kSquare, true), "b_bn", 0.1f), x));
    const int shortcut = g.shortcut_a(x, 6, 1);
    x = g.add(g.conv(x, "c", 6, kSquare), shortcut);
    x = g.batch_norm(g.linear(g.global_pool(x), "d", 5), "d_bn");
    g.linear(x, "e", 3);
    return g;
}

std::vector<float> values_of(const Graph& graph, const Weights& weights, const std::vector<float>& image,
                             int node) {
    Weights own = weights, none;
    Network network(graph, Numerics::f32, Network::Mode::evaluation, 0, own, none);
    std::vector<float> logits(static_cast<std::size_t>(graph.classes()));
    network.infer(image.data(), logits, 0);
    return network.activation(node, 0);
}

TEST_CASE("folding: every value of the folded network is close to the one it stands for") {
    const Graph graphs[] = {example(), resnet_cifar({.depth = 8, .input = {16, 16, 3}}),
                            resnet_cifar({.depth = 8, .shortcut = Shortcut::projection, .input = {8, 8, 3}})};
    for (const Graph& graph : graphs) {
        const Weights weights = test::random_weights(graph, 3);
        const FoldedNetwork folded = fold_batch_norm(graph, weights);
        CHECK_NOTHROW(folded.graph.check(folded.weights));
        const auto image = test::random_images(graph.input_dims(), 1, 3);
        int compared = 0;
        for (int node = 0; node < graph.size(); ++node) {
            const auto before = values_of(graph, weights, image, node);
            if (before.empty()) continue;  // inside a fused layer
            const auto after = values_of(folded.graph, folded.weights, image,
                                         folded.node_of[static_cast<std::size_t>(node)]);
            REQUIRE(after.size() == before.size());
            double error = 0, size = 0;
            for (std::size_t i = 0; i < before.size(); ++i) {
                error += std::pow(double{after[i]} - before[i], 2);
                size += std::pow(double{before[i]}, 2);
            }
            CAPTURE(node);
            CHECK(size > 0);
            CHECK(std::sqrt(error / size) < 1e-5);
            ++compared;
        }
        CHECK(compared > 5);
    }
}

TEST_CASE("folding: no batch norm is left, names stay, layers that had one have a bias") {
    const Graph graph = example();
    const FoldedNetwork folded = fold_batch_norm(graph, test::random_weights(graph, 1));
    const std::map<std::string, Shape> expected{{"a.weight", {4, 3, 3, 3}},
                                                {"a.bias", {4}},
                                                {"b.weight", {4, 4, 3, 3}},
                                                {"b.bias", {4}},
                                                {"c.weight", {6, 4, 3, 3}},
                                                {"d.weight", {5, 6}},
                                                {"d.bias", {5}},
                                                {"e.weight", {3, 5}},
                                                {"e.bias", {3}}};
    CHECK(test::shapes(folded.graph) == expected);
    REQUIRE(folded.node_of.size() == graph.nodes().size());
    for (int i = 0; i < graph.size(); ++i) {
        const Node &before = graph[i], &after = folded.graph[folded.node_of[static_cast<std::size_t>(i)]];
        CHECK(after.out == before.out);
        CHECK(after.op != Op::batch_norm);
        if (before.op == Op::batch_norm)
            CHECK(folded.node_of[static_cast<std::size_t>(i)] ==
                  folded.node_of[static_cast<std::size_t>(before.inputs[0])]);
        else
            CHECK(after.op == before.op);
    }
}

TEST_CASE("folding: weights and bias by the formula; what has no batch norm stays as it is") {
    const Graph graph = example();
    const Weights weights = test::random_weights(graph, 2);
    const FoldedNetwork folded = fold_batch_norm(graph, weights);
    const auto number = [&](const std::string& name, std::size_t i) {
        return double{weights.at(name).data()[i]};
    };
    for (std::size_t o = 0; o < 4; ++o) {
        const double s = number("b_bn.weight", o) / std::sqrt(number("b_bn.running_var", o) + double{0.1f});
        for (std::size_t i = o * 36; i < (o + 1) * 36; ++i)
            CHECK(folded.weights.at("b.weight").data()[i] == static_cast<float>(number("b.weight", i) * s));
        const double bias =
            (number("b.bias", o) - number("b_bn.running_mean", o)) * s + number("b_bn.bias", o);
        CHECK(folded.weights.at("b.bias").data()[o] == doctest::Approx(bias).epsilon(1e-5));
    }
    for (const char* name : {"c.weight", "e.weight", "e.bias"})
        CHECK(folded.weights.at(name) == weights.at(name));
    // Nothing left to fold: the same network again.
    const FoldedNetwork again = fold_batch_norm(folded.graph, folded.weights);
    CHECK(again.weights == folded.weights);
}

TEST_CASE("folding: a batch norm that belongs to no layer alone stays, and the network computes the same") {
    Graph g;
    const int conv = g.conv(g.batch_norm(g.input({4, 4, 3}), "on_input"), "a", 3, kSquare);
    const int sum = g.add(g.batch_norm(conv, "shared"), conv);
    const int own = g.batch_norm(g.conv(g.batch_norm(g.relu(sum), "after_relu"), "b", 4, {}), "folds");
    g.linear(g.global_pool(own), "fc", 2);
    const Weights weights = test::random_weights(g, 1);
    const FoldedNetwork folded = fold_batch_norm(g, weights);
    CHECK(folded.graph.size() == g.size() - 1);
    CHECK(folded.weights.contains("shared.running_var"));
    CHECK(!folded.weights.contains("folds.running_var"));
    const auto image = test::random_images(g.input_dims(), 1, 1);
    std::vector<float> before(2), after(2);
    Predictor(g, weights, Numerics::f32).logits(image, before);
    Predictor(folded.graph, folded.weights, Numerics::f32).logits(image, after);
    for (std::size_t c = 0; c < 2; ++c) CHECK(after[c] == doctest::Approx(before[c]).epsilon(1e-4));
}

TEST_CASE("folding: weights that do not fit are refused") {
    Weights incomplete = test::random_weights(example(), 1);
    incomplete.erase("a_bn.running_var");
    CHECK_THROWS_AS(fold_batch_norm(example(), incomplete), BadInput);
}

}  // namespace
}  // namespace nibble
