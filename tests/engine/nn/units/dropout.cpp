// Dropout in training: which values stay is the image's own, and the gradient passes these alone.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/nn/network.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

constexpr int kImages = 3;

Graph example(float rate) {
    Graph g;
    const int x = g.conv(g.input({6, 5, 2}), "conv", 40, {3, 3, 1, 1}, true);
    g.linear(g.dropout(x, rate), "linear", 2);
    return g;
}

struct Training {
    Graph graph;
    Weights weights, gradients;
    Network network;
    std::vector<float> images;

    explicit Training(float rate)
        : graph(example(rate)),
          weights(test::random_weights(graph, 1)),
          gradients(test::random_weights(graph, 2)),
          network(graph, Numerics::f32, Network::Mode::training, kImages, weights, gradients),
          images(test::random_images(graph.input_dims(), kImages, 1)) {}

    /// The sum of all logits.
    double run(const Noise& noise) {
        network.update_weights();
        network.forward(images, noise);
        double sum = 0;
        for (int i = 0; i < kImages; ++i)
            for (const float logit : network.logits(i)) sum += static_cast<double>(logit);
        return sum;
    }
};

TEST_CASE("dropout: the same noise leaves out the same values, other steps, seeds and images others") {
    Training t(0.5f);
    const double sum = t.run({1, 2, 0});
    CHECK(t.run({1, 2, 0}) == sum);
    CHECK(t.run({1, 3, 0}) != sum);
    CHECK(t.run({2, 2, 0}) != sum);
    CHECK(t.run({1, 2, 1}) != sum);
    // An image's noise is its own, wherever a part of a batch begins.
    t.network.forward(t.images, {1, 2, 0});
    const std::vector<float> last(t.network.logits(2).begin(), t.network.logits(2).end());
    const std::size_t size = t.graph.input_dims().size();
    t.network.forward(std::span(t.images).subspan(2 * size, size), {1, 2, 2});
    CHECK(std::vector<float>(t.network.logits(0).begin(), t.network.logits(0).end()) == last);
}

TEST_CASE("dropout: as many values as the rate says, the others made up for them") {
    Training t(0.25f);
    for (auto& [name, values] : t.weights)
        values.fill(name == "conv.bias" || name == "linear.weight" ? 1.0f : 0.0f);
    t.run({5, 6, 0});
    for (int i = 0; i < kImages; ++i) {
        const double kept = static_cast<double>(t.network.logits(i)[0]) * 0.75 / t.graph[1].out.size();
        CHECK(kept > 0.7);
        CHECK(kept < 0.8);
    }
}

TEST_CASE("dropout: gradients against finite differences, under the same noise") {
    Training t(0.5f);
    const Noise noise{7, 8, 0};
    t.run(noise);
    t.network.backward(std::vector<float>(kImages * 2, 1.0f));
    for (const char* name : {"conv.weight", "conv.bias", "linear.weight"}) {
        float* weights = t.weights.at(name).data();
        const float gradient = t.gradients.at(name).data()[3], before = weights[3];
        weights[3] = before + 0.25f;
        const double more = t.run(noise);
        weights[3] = before - 0.25f;
        const double less = t.run(noise);
        weights[3] = before;
        CAPTURE(std::string(name));
        CHECK((more - less) / 0.5 == doctest::Approx(gradient).epsilon(1e-3));
    }
}

}  // namespace
}  // namespace nibble
