#include "engine/quant/gptq/correlations.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/ops/op.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble::gptq {
namespace {

constexpr std::size_t kImages = 20;

/// A layer as the last node of a graph that reads images.
struct Layer {
    Graph graph;
    std::vector<float> images;

    template <class Append>
    explicit Layer(Dims in, Append append) {
        append(graph, graph.input(in));
        images = test::random_images(in, kImages, 4);
    }
    int number() const { return graph.size() - 1; }
    const Node& node() const { return graph[number()]; }
    std::vector<float> image(std::size_t i) const {
        const auto size = static_cast<std::ptrdiff_t>(graph.input_dims().size());
        const auto begin = images.begin() + static_cast<std::ptrdiff_t>(i) * size;
        return {begin, begin + size};
    }
    Correlations correlations(std::size_t n = kImages) const {
        return correlations_of(graph, number(), n, [&](std::size_t i) { return image(i); });
    }
};

/// Sum over images and output pixels of y^2, y = w x by the definition of the layer, by output channel.
std::vector<double> squares_of_outputs(const Layer& layer, const Weights& weights) {
    std::vector<double> sums(static_cast<std::size_t>(layer.node().channels), 0.0);
    for (std::size_t i = 0; i < kImages; ++i) {
        const std::vector<float> x = layer.image(i);
        std::vector<float> y(layer.node().out.size());
        const OpInput in{x.data(), layer.graph.input_dims()};
        operation(layer.node().op).forward(layer.node(), {&in, 1}, weights, y.data());
        for (std::size_t p = 0; p < y.size(); ++p)
            sums[p % sums.size()] += static_cast<double>(y[p]) * static_cast<double>(y[p]);
    }
    return sums;
}

TEST_CASE("correlations: w H w^T is the sum of squares of the outputs, for each kind of layer") {
    const Window wide({3, 2, 1, 0, 1}, {2, 1, 0, 1, 2});
    const Layer layers[] = {Layer({5, 6, 3},
                                  [&](Graph& g, int x) {
                                      g.conv(x, "l", 4, {3, 3, 1, 1});
                                  }),
                            Layer({7, 5, 3}, [&](Graph& g, int x) { g.conv(x, "l", 2, wide); }),
                            Layer({5, 4, 6},
                                  [&](Graph& g, int x) {
                                      g.conv(x, "l", 6, {3, 3, 1, 1}, false, 6);
                                  }),
                            Layer({4, 4, 6},
                                  [&](Graph& g, int x) {
                                      g.conv(x, "l", 4, {1, 2}, false, 2);
                                  }),
                            Layer({2, 3, 4}, [&](Graph& g, int x) { g.linear(x, "l", 3, false); })};
    for (const Layer& layer : layers) {
        REQUIRE(layer.node().out.h * layer.node().out.w <= static_cast<int>(kPixels));
        const Correlations h = layer.correlations();
        const Weights weights = test::random_weights(layer.graph, 3);
        const Array<float>& w = weights.at("l.weight");
        const auto outputs = static_cast<std::size_t>(layer.node().channels);
        REQUIRE(h.size * outputs == w.size());
        const std::vector<double> expected = squares_of_outputs(layer, weights);
        for (std::size_t o = 0; o < outputs; ++o) {
            const double* sums = h.sums.data() + o / (outputs / h.groups) * h.size * h.size;
            double sum = 0;
            for (std::size_t i = 0; i < h.size; ++i)
                for (std::size_t j = 0; j < h.size; ++j)
                    sum += static_cast<double>(w.data()[o * h.size + i]) *
                           static_cast<double>(w.data()[o * h.size + j]) *
                           sums[std::min(i, j) * h.size + std::max(i, j)];
            CHECK(sum == doctest::Approx(expected[o]).epsilon(1e-5));
        }
    }
}

TEST_CASE(
    "correlations: of large images a few pixels, the same ones each time and for any number of threads") {
    const Layer layer({30, 20, 2}, [](Graph& g, int x) { g.conv(x, "l", 1, {}); });
    const int before = threads();
    set_threads(1);
    const Correlations one = layer.correlations();
    set_threads(4);
    CHECK(layer.correlations().sums == one.sums);
    set_threads(before);
    // Values are normal: a sum of so many squares.
    CHECK(one.sums[0] == doctest::Approx(static_cast<double>(kImages * kPixels)).epsilon(0.2));
    CHECK(layer.correlations(1).sums[0] == doctest::Approx(static_cast<double>(kPixels)).epsilon(0.7));
}

TEST_CASE("correlations: inputs that are no numbers are refused") {
    Layer layer({4, 4, 2}, [](Graph& g, int x) { g.conv(x, "l", 1, {}); });
    layer.images[5] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH_AS(layer.correlations(), doctest::Contains("inputs of 'l'"), BadInput);
}

}  // namespace
}  // namespace nibble::gptq
