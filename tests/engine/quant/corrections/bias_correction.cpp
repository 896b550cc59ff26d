#include "engine/quant/corrections/bias_correction.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <tuple>

#include "engine/models/resnet_cifar.hpp"
#include "engine/quant/corrections/layerwise.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

/// By layer and channel, in front of activation functions.
std::map<int, Vector<double>> mean_outputs(const FoldedNetwork& network, const Quantization& q,
                                           const std::vector<float>& images) {
    std::map<int, Vector<double>> means;
    run_layerwise(network.graph, network.weights, q, images, [&](int layer, const Moments& sums) {
        const ChannelMap map = unchanged(network.graph, network.weights, layer);
        means[layer] = sums.mean + map.shift;
        return map;
    });
    return means;
}

TEST_CASE("bias correction: every layer's mean outputs become the float network's") {
    const Graph graph = resnet_cifar({.depth = 8, .input = {16, 16, 3}});
    const FoldedNetwork real = fold_batch_norm(graph, test::random_weights(graph, 1));
    const auto images = test::random_images(graph.input_dims(), 9, 1);
    const Quantization q = test::quantize(
        real, {.weights = scheme_from("s2-pc"), .activation_bits = 3, .residual_bits = 3, .end_bits = 3}, 1);
    const auto expected = mean_outputs(real, {}, images);
    const auto largest_error = [&](const FoldedNetwork& network) {
        double largest = 0;
        for (const auto& [layer, means] : mean_outputs(network, q, images))
            for (std::size_t c = 0; c < means.size(); ++c)
                largest = std::max(largest, std::abs(means[c] - expected.at(layer)[c]));
        return largest;
    };
    FoldedNetwork corrected = real;
    const std::vector<double> deviations = correct_biases(images, corrected, q);
    CHECK(deviations.size() == graph.weighted_layers().size());
    // Of the last layer, by definition: what its sums vary by, over what they vary by in the float network.
    double variances[2] = {0, 0};
    for (const auto& [network, quantization, sum] :
         {std::tuple{&real, Quantization{}, &variances[0]}, {&corrected, q, &variances[1]}})
        run_layerwise(network->graph, network->weights, quantization, images,
                      [&](int layer, const Moments& m) {
                          *sum = 0;
                          for (double v : m.variance) *sum += v;
                          return unchanged(network->graph, network->weights, layer);
                      });
    CHECK(deviations.back() == doctest::Approx(std::sqrt(variances[1] / variances[0])));
    CHECK(largest_error(real) > 0.1);
    CHECK(largest_error(corrected) < 1e-4);
    for (const auto& [name, values] : real.weights)
        if (name.ends_with(".weight")) CHECK(corrected.weights.at(name) == values);
}

TEST_CASE("bias correction: nothing to correct changes nothing, layers without a bias stay without") {
    Graph g;
    const int x = g.relu(g.conv(g.input({5, 5, 2}), "a", 4, {3, 3}));
    g.linear(g.global_pool(x), "b", 3);
    FoldedNetwork network = fold_batch_norm(g, test::random_weights(g, 2));
    const FoldedNetwork before = network;
    const auto images = test::random_images(g.input_dims(), 3, 2);
    for (double deviation : correct_biases(images, network, {})) CHECK(deviation == 1);
    CHECK(network.weights == before.weights);
    correct_biases(images, network, test::quantize(network, {.weights = scheme_from("s2-pc")}, 2));
    CHECK(network.weights.size() == before.weights.size());
    CHECK(network.weights.at("b.bias") != before.weights.at("b.bias"));
}

}  // namespace
}  // namespace nibble
