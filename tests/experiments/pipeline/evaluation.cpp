#include "experiments/pipeline/evaluation.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "datasets/memory_dataset.hpp"
#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"

using namespace nibble;

namespace {
/// One grey pixel per image, seven classes; the network is one linear layer on it.
MemoryDataset pixels(std::vector<std::uint8_t> values, std::vector<std::uint8_t> labels) {
    return {{"pixels", {1, 1, 1}, 7, {{0.0f}, {1.0f}}, {}}, std::move(values), std::move(labels)};
}

Graph one_layer(Weights& weights, const std::vector<float>& slope) {
    Graph graph;
    graph.linear(graph.input({1, 1, 1}), "linear", static_cast<int>(slope.size()));
    Array<float> weight(Shape{slope.size(), 1}), bias(Shape{slope.size()}, 0.0f);
    std::copy(slope.begin(), slope.end(), weight.begin());
    weights = {{"linear.weight", weight}, {"linear.bias", bias}};
    return graph;
}
}  // namespace

TEST_CASE("top-1, top-5, loss and predictions of a network one can work out by hand") {
    Weights weights;
    const Graph graph = one_layer(weights, {0, 1, 2, 3, 4, 5, 6});
    // Pixel 255 is 1.0: logits 0..6. Pixel 0: all logits are 0, so class 0 wins and classes 0 to 4 are the
    // first five.
    const MemoryDataset images = pixels({255, 255, 255, 0, 0, 0}, {6, 2, 1, 0, 4, 5});
    EvaluationOptions options;
    options.keep_logits = true;
    const Evaluation e = evaluate(make_classifier(graph, weights, Numerics::f32), images, options);
    CHECK(e.images == 6);
    CHECK(e.predictions == std::vector<std::int32_t>{6, 6, 6, 0, 0, 0});
    CHECK(e.top1 == doctest::Approx(100.0 * 2 / 6));
    CHECK(e.top5 == doctest::Approx(100.0 * 4 / 6));
    REQUIRE(e.logits.size() == 42);
    CHECK(e.logits[3] == 3.0f);
    double sum = 0;
    for (int c = 0; c < 7; ++c) sum += std::exp(c);
    const double expected = (3 * std::log(sum) - (6 + 2 + 1) + 3 * std::log(7.0)) / 6;
    CHECK(e.loss == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("the predictions digest is over four little-endian bytes an image and nothing else") {
    Evaluation e;
    e.predictions = {1, 258};
    CHECK(e.predictions_digest() == digest_of(std::string_view("\1\0\0\0\2\1\0\0", 8)));
}

TEST_CASE("normalization can be that of the weights; misfits and broken weights are errors") {
    Weights weights;
    const Graph graph = one_layer(weights, {0, 1, 2, 3, 4, 5, 6});
    const MemoryDataset images = pixels({0}, {0});
    EvaluationOptions options;
    options.normalization = Normalization{{1.0f}, {0.5f}};  // pixel 0 becomes -2
    options.keep_logits = true;
    CHECK(evaluate(make_classifier(graph, weights, Numerics::f32), images, options).logits[6] == -12.0f);

    Weights narrow;
    const Graph six = one_layer(narrow, {0, 1, 2, 3, 4, 5});
    CHECK_THROWS_AS(evaluate(make_classifier(six, narrow, Numerics::f32), images), BadInput);
    weights["linear.weight"].fill(3e38f);
    const MemoryDataset bright = pixels({255}, {0});
    options.normalization = Normalization{{0.0f}, {1e-3f}};
    CHECK_THROWS_AS(evaluate(make_classifier(graph, weights, Numerics::f32), bright, options), Error);
}
