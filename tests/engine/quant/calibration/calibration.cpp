#include "engine/quant/calibration/calibration.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/fold.hpp"
#include "engine/nn/network.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

Graph example() {
    Graph g;
    const Window square{3, 3, 1, 1};
    int x = g.input({6, 5, 3});
    x = g.max_pool(g.relu(g.conv(x, "a", 4, square, true)), {2, 2, 2});
    x = g.add(g.conv(x, "b", 4, square), x);
    g.linear(g.global_pool(x), "c", 5);
    return g;
}

bool equal(const std::vector<ValueRange>& a, const std::vector<ValueRange>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ValueRange& x, const ValueRange& y) {
        return x.lowest == y.lowest && x.highest == y.highest;
    });
}

struct WithThreads {
    int before = threads();
    explicit WithThreads(int n) { set_threads(n); }
    ~WithThreads() { set_threads(before); }
};

TEST_CASE("calibration: ranges are the same for any number of threads and any split of the images") {
    const Graph graph = example();
    const Weights weights = test::random_weights(graph, 1);
    constexpr std::size_t kImages = 13;
    const std::vector<float> images = test::random_images(graph.input_dims(), kImages, 1);
    const std::size_t size = graph.input_dims().size();

    // Plainly: one image after the other, the network as it is used for evaluation.
    std::vector<ValueRange> expected(graph.nodes().size());
    Weights own = weights, none;
    Network network(graph, Numerics::f32, Network::Mode::evaluation, 0, own, none);
    std::vector<float> logits(5);
    for (std::size_t i = 0; i < kImages; ++i) {
        network.infer(images.data() + i * size, logits, 0);
        for (int node = 0; node < graph.size(); ++node)
            for (float v : network.activation(node, 0)) {
                auto& range = expected[static_cast<std::size_t>(node)];
                if (v < range.lowest) range.lowest = v;
                if (v > range.highest) range.highest = v;
            }
    }
    CHECK(expected[0].lowest < -1);
    CHECK(expected.back().highest > 0);

    for (int n : {1, 2, 5}) {
        const WithThreads guard(n);
        for (std::size_t together : {std::size_t{1}, std::size_t{4}, kImages}) {
            std::vector<ValueRange> ranges;
            for (std::size_t first = 0; first < kImages; first += together)
                observe_ranges(
                    graph, weights,
                    std::span(images).subspan(first * size, std::min(together, kImages - first) * size),
                    ranges);
            CHECK(equal(ranges, expected));
        }
    }
}

TEST_CASE("calibration: every value of every image is shown once, nothing of nodes inside fused layers") {
    const Graph graph = example();
    std::vector<int> visits(graph.nodes().size(), 0);
    std::vector<std::size_t> sizes(graph.nodes().size(), 0);
    visit_values(graph, test::random_weights(graph, 2), test::random_images(graph.input_dims(), 7, 2),
                 [&](int node, std::span<const float> values) {
                     ++visits[static_cast<std::size_t>(node)];
                     sizes[static_cast<std::size_t>(node)] = values.size();
                 });
    // input, conv, relu, pool, conv, add, global pool, linear
    CHECK(visits == std::vector<int>{7, 0, 7, 7, 0, 7, 7, 7});
    CHECK(sizes == std::vector<std::size_t>{90, 0, 120, 24, 0, 24, 4, 5});
}

TEST_CASE("calibration: ranges include zero, and are 0 to 0 without images") {
    ValueRange range;
    range.include(std::vector<float>{2, 3});
    CHECK(range.lowest == 0);
    CHECK(range.highest == 3);
    CHECK(range.magnitude() == 3);
    range.include(std::vector<float>{-7, 1});
    CHECK(range.lowest == -7);
    CHECK(range.highest == 3);
    CHECK(range.magnitude() == 7);
    std::vector<ValueRange> ranges;
    observe_ranges(example(), test::random_weights(example(), 1), {}, ranges);
    CHECK(equal(ranges, std::vector<ValueRange>(8)));
}

TEST_CASE("calibration: images and weights that do not fit are refused") {
    const Graph graph = example();
    Weights weights = test::random_weights(graph, 1);
    std::vector<ValueRange> ranges;
    CHECK_THROWS_WITH_AS(observe_ranges(graph, weights, std::vector<float>(91), ranges),
                         doctest::Contains("multiple of 90"), BadInput);
    weights.at("a.bias").data()[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(observe_ranges(graph, weights, std::vector<float>(90), ranges), BadInput);
    weights.erase("a.bias");
    CHECK_THROWS_AS(observe_ranges(graph, weights, std::vector<float>(90), ranges), BadInput);
}

}  // namespace
}  // namespace nibble
