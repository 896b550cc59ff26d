#include "engine/quant/corrections/batch_norm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/infer/compare.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/network.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/corrections/layerwise.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

constexpr std::size_t kImages = 12;

struct Example {
    Graph graph;
    Weights weights;
    FoldedNetwork folded;
    std::vector<float> images;

    explicit Example(Shortcut shortcut, std::uint32_t stream)
        : graph(resnet_cifar({.depth = 8, .shortcut = shortcut, .input = {16, 16, 3}})),
          weights(test::random_weights(graph, stream)),
          folded(fold_batch_norm(graph, weights)),
          images(test::random_images(graph.input_dims(), kImages, stream)) {}
};

TEST_CASE("batch norm estimated anew on float weights: what one training batch of all images normalises to") {
    for (Shortcut shortcut : {Shortcut::option_a, Shortcut::projection}) {
        Example e(shortcut, 5);
        std::vector<float> logits(kImages * 10);
        Quantization none;
        reestimate_batch_norm(e.graph, e.weights, e.images, NormTarget::parameters, e.folded, none);
        Predictor(e.folded.graph, e.folded.weights, Numerics::f32).logits(e.images, logits);

        Weights gradients;
        for (const auto& [name, values] : e.weights) gradients[name] = xt::zeros<float>(values.shape());
        Weights own = e.weights;
        Network training(e.graph, Numerics::f32, Network::Mode::training, kImages, own, gradients);
        training.forward(e.images);
        for (std::size_t i = 0; i < kImages; ++i)
            for (std::size_t c = 0; c < 10; ++c)
                CHECK(logits[i * 10 + c] ==
                      doctest::Approx(training.logits(static_cast<int>(i))[c]).epsilon(1e-3));
    }
}

TEST_CASE("batch norm estimated anew: every channel has the mean and variance that batch norm promises") {
    Example e(Shortcut::option_a, 6);
    Quantization q = test::quantize(
        e.folded, {.weights = {.bits = 2}, .activation_bits = 3, .residual_bits = 4, .end_bits = 4}, 6);
    q.layers.at("layer1.0.conv1") =
        maxabs_weights(e.folded.weights.at("layer1.0.conv1.weight"), scheme_from("s3-pt"));
    q.layers.at("layer2.0.conv1") =
        test::quantize_as_sum(e.folded.weights.at("layer2.0.conv1.weight"), scheme_from("s2x2-pc"), 1);
    q.layers.erase("layer3.0.conv1");
    const Quantization before = q;
    reestimate_batch_norm(e.graph, e.weights, e.images, NormTarget::parameters, e.folded, q);

    for (const auto& [name, layer] : q.layers) {
        CHECK(layer.codes == before.layers.at(name).codes);
        CHECK_NOTHROW(check(layer, name));
    }
    CHECK(q.layers.at("layer1.0.conv1").scheme == scheme_from("s3-pc"));
    CHECK(q.layers.at("linear").steps == before.layers.at("linear").steps);
    CHECK(q.layers.at("layer2.0.conv1").extra[0].steps != before.layers.at("layer2.0.conv1").extra[0].steps);

    std::size_t checked = 0, alive = 0;
    run_layerwise(e.folded.graph, e.folded.weights, q, e.images, [&](int layer, const Moments& sums) {
        const ChannelMap map = unchanged(e.folded.graph, e.folded.weights, layer);
        for (int i = 0; i < e.graph.size(); ++i) {
            if (e.graph[i].op != Op::batch_norm || e.folded.node_of[i] != layer) continue;
            ++checked;
            for (std::size_t c = 0; c < map.shift.size(); ++c) {
                const double gamma = e.weights.at(e.graph[i].name + ".weight").data()[c],
                             beta = e.weights.at(e.graph[i].name + ".bias").data()[c];
                CHECK(sums.mean[c] + map.shift[c] == doctest::Approx(beta).epsilon(1e-3));
                // Two bits make zeros of some channels.
                alive += sums.variance[c] > 0;
                if (sums.variance[c] > 0)
                    CHECK(sums.variance[c] == doctest::Approx(gamma * gamma).epsilon(2e-3));
            }
        }
        return map;
    });
    CHECK(checked == 7);
    CHECK(alive > 200);
}

TEST_CASE(
    "batch norm estimated anew against the float network: its moments come back, and float stays as it was") {
    Example e(Shortcut::projection, 8);
    const FoldedNetwork real = e.folded;
    Quantization none;
    reestimate_batch_norm(e.graph, e.weights, e.images, NormTarget::float_network, e.folded, none);
    for (const auto& [name, values] : real.weights)
        for (std::size_t i = 0; i < values.size(); ++i)
            CHECK(e.folded.weights.at(name).data()[i] == doctest::Approx(values.data()[i]).epsilon(1e-4));

    e.folded = real;
    Quantization q = test::quantize(e.folded, {.weights = scheme_from("s3-pc"), .activation_bits = 4}, 8);
    std::map<int, Moments> expected;
    const auto outputs = [](const FoldedNetwork& network, int layer, Moments sums) {
        const ChannelMap map = unchanged(network.graph, network.weights, layer);
        for (std::size_t c = 0; c < map.shift.size(); ++c) sums.mean[c] += map.shift[c];
        return sums;
    };
    run_layerwise(real.graph, real.weights, {}, e.images, [&](int layer, const Moments& sums) {
        expected[layer] = outputs(real, layer, sums);
        return unchanged(real.graph, real.weights, layer);
    });
    reestimate_batch_norm(e.graph, e.weights, e.images, NormTarget::float_network, e.folded, q);
    std::size_t alive = 0;
    run_layerwise(e.folded.graph, e.folded.weights, q, e.images, [&](int layer, const Moments& sums) {
        const Moments found = outputs(e.folded, layer, sums);
        const bool normalised = real.graph[layer].op == Op::conv;
        for (std::size_t c = 0; normalised && c < found.mean.size(); ++c) {
            CHECK(found.mean[c] == doctest::Approx(expected.at(layer).mean[c]).epsilon(1e-3));
            if (found.variance[c] == 0) continue;
            ++alive;
            CHECK(found.variance[c] == doctest::Approx(expected.at(layer).variance[c]).epsilon(2e-3));
        }
        return unchanged(e.folded.graph, e.folded.weights, layer);
    });
    CHECK(alive > 300);
}

TEST_CASE("batch norm estimated anew: channels with gamma = 0, and integer execution") {
    Example e(Shortcut::option_a, 7);
    const auto silence = [](Weights& weights) { weights.at("layer1.0.bn1.weight").data()[2] = 0; };
    silence(e.weights);
    e.folded = fold_batch_norm(e.graph, e.weights);
    Quantization q = test::quantize(e.folded, {.weights = scheme_from("s4-pc"), .activation_bits = 4}, 7);
    const float step = q.layers.at("layer1.0.conv1").steps[2];
    reestimate_batch_norm(e.graph, e.weights, e.images, NormTarget::parameters, e.folded, q);
    CHECK(q.layers.at("layer1.0.conv1").steps[2] == step);
    CHECK(e.folded.weights.at("layer1.0.conv1.bias").data()[2] ==
          e.weights.at("layer1.0.bn1.bias").data()[2]);
    Comparison comparison(lower(e.folded.graph, e.folded.weights, q));
    comparison.add(e.images);
    CHECK(comparison.mismatches() == 0);
}

}  // namespace
}  // namespace nibble
