#include "engine/quant/corrections/layerwise.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/fold.hpp"
#include "engine/nn/predictor.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

constexpr std::size_t kImages = 7;

/// Every operation there is: both kinds of shortcut, all poolings.
Graph all_operations() {
    Graph g;
    const Window square{3, 3, 1, 1};
    int x = g.input({9, 8, 3});
    x = g.relu(g.batch_norm(g.conv(x, "a", 6, square), "a_bn"));
    x = g.max_pool(x, {3, 3, 2, 1});
    x = g.relu(g.add(g.conv(x, "b", 6, square, true), x));
    x = g.relu(g.add(g.conv(x, "c", 10, square), g.shortcut_a(x, 10, 1)));
    x = g.avg_pool(x, {2, 2, 1, 1});
    x = g.add(g.conv(x, "d", 5, {}), g.conv(x, "e", 5, {}, true));
    g.linear(g.global_pool(x), "f", 4);
    return g;
}

/// Moments of n rows of logits.
Moments moments_of(const std::vector<float>& logits, std::size_t classes) {
    Moments m{xt::zeros<double>({classes}), xt::zeros<double>({classes})};
    const double n = static_cast<double>(logits.size() / classes);
    for (std::size_t i = 0; i < logits.size(); ++i) m.mean[i % classes] += static_cast<double>(logits[i]) / n;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double d = static_cast<double>(logits[i]) - m.mean[i % classes];
        m.variance[i % classes] += d * d / n;
    }
    return m;
}

std::map<int, Moments> run(const FoldedNetwork& network, const Quantization& quantization,
                           const std::vector<float>& images) {
    std::map<int, Moments> all;
    run_layerwise(network.graph, network.weights, quantization, images, [&](int layer, const Moments& sums) {
        all[layer] = sums;
        return unchanged(network.graph, network.weights, layer);
    });
    return all;
}

/// Of the last layer, with its bias.
void check_logits(const FoldedNetwork& network, Moments found, const std::vector<float>& logits,
                  double tolerance) {
    const auto classes = static_cast<std::size_t>(network.graph.classes());
    const Moments expected = moments_of(logits, classes);
    const std::string last = network.graph.nodes().back().name;
    for (std::size_t c = 0; c < classes; ++c) {
        CHECK(found.mean[c] + network.weights.at(last + ".bias").data()[c] ==
              doctest::Approx(expected.mean[c]).epsilon(tolerance));
        CHECK(found.variance[c] == doctest::Approx(expected.variance[c]).epsilon(tolerance));
    }
}

TEST_CASE("layerwise: all layers in order; the logits are those of the network, float and integer") {
    for (const Graph& graph : {all_operations(), resnet_cifar({.depth = 8, .input = {16, 16, 3}})}) {
        const FoldedNetwork network = fold_batch_norm(graph, test::random_weights(graph, 2));
        const auto images = test::random_images(graph.input_dims(), kImages, 2);
        std::vector<float> logits(kImages * static_cast<std::size_t>(graph.classes()));

        const auto as_float = run(network, {}, images);
        CHECK(as_float.size() == network.graph.weighted_layers().size());
        Predictor(network.graph, network.weights, Numerics::f32).logits(images, logits);
        check_logits(network, as_float.rbegin()->second, logits, 1e-4);

        Quantization q = test::quantize(network, {.weights = scheme_from("s4-pc"), .activation_bits = 5}, 2);
        for (auto& [name, layer] : q.layers)
            if (layer.scheme.bits == 4)
                layer =
                    test::quantize_as_sum(network.weights.at(name + ".weight"), scheme_from("s4x2-pc"), 2);
        IntegerExecutor(lower(network.graph, network.weights, q)).logits(images, logits);
        check_logits(network, run(network, q, images).rbegin()->second, logits, 1e-4);
    }
}

TEST_CASE("layerwise: moments by hand, and what is decided reaches the next layer") {
    Graph graph;
    const int a = graph.conv(graph.input({1, 2, 1}), "a", 2, {}, true);
    graph.linear(graph.global_pool(graph.relu(a)), "b", 1);
    Weights weights;
    weights["a.weight"] = Array<float>(Shape{2, 1, 1, 1});
    weights["a.weight"].data()[0] = 2, weights["a.weight"].data()[1] = -1;
    weights["a.bias"] = xt::ones<float>(Shape{2});
    weights["b.weight"] = xt::ones<float>(Shape{1, 2});
    weights["b.bias"] = xt::zeros<float>(Shape{1});
    const std::vector<float> images = {1, 2, 3, 6};  // two of two pixels
    int calls = 0;
    run_layerwise(graph, weights, {}, images, [&](int layer, const Moments& sums) {
        ++calls;
        if (layer == a) {
            CHECK(sums.mean == Vector<double>{6, -3});
            CHECK(sums.variance == Vector<double>{4 * 3.5, 3.5});
            return ChannelMap{{1, 3}, {0, 10}};  // 2 4 6 12 and 7 4 1 -8
        }
        CHECK(sums.mean == Vector<double>{(3 + 5.5 + 9 + 0.5) / 2});
        return unchanged(graph, weights, layer);
    });
    CHECK(calls == 2);
    const ChannelMap same = unchanged(graph, weights, a);
    CHECK(same.scale == Vector<float>{1, 1});
    CHECK(same.shift == Vector<float>{1, 1});
}

TEST_CASE("layerwise: the same bits for any number of threads") {
    const Graph graph = all_operations();
    const FoldedNetwork network = fold_batch_norm(graph, test::random_weights(graph, 3));
    const auto images = test::random_images(graph.input_dims(), kImages, 3);
    const Quantization q = test::quantize(network, {}, 3);
    const int before = threads();
    std::map<int, Moments> expected;
    for (int n : {1, 2, 5}) {
        set_threads(n);
        const auto found = run(network, q, images);
        if (expected.empty()) expected = found;
        for (const auto& [layer, moments] : expected) {
            CHECK(found.at(layer).mean == moments.mean);
            CHECK(found.at(layer).variance == moments.variance);
        }
    }
    set_threads(before);
}

TEST_CASE("layerwise: refusals") {
    const Graph graph = all_operations();
    const Weights weights = test::random_weights(graph, 1);
    const auto images = test::random_images(graph.input_dims(), 2, 1);
    const Decide decide = [&](int layer, const Moments&) { return unchanged(graph, weights, layer); };
    CHECK_THROWS_WITH_AS(run_layerwise(graph, weights, {}, images, decide),
                         doctest::Contains("fold batch norm first"), Unsupported);
    const FoldedNetwork folded = fold_batch_norm(graph, weights);
    for (const std::size_t size : {std::size_t{0}, images.size() - 1})
        CHECK_THROWS_AS(
            run_layerwise(folded.graph, folded.weights, {}, std::span(images).first(size), decide), BadInput);
    CHECK_THROWS_AS(run_layerwise(folded.graph, weights, {}, images, decide), BadInput);

    const Quantization good = test::quantize(folded, MaxAbs{}, 1);
    const auto refused = [&](const char* complaint, auto&& fault) {
        Quantization bad = good;
        fault(bad);
        CHECK_THROWS_WITH_AS(run_layerwise(folded.graph, folded.weights, bad, images, decide),
                             doctest::Contains(complaint), BadInput);
    };
    refused("weights of f: shape", [](auto& q) { q.layers["f"] = q.layers["e"]; });
    refused("no layer 'elsewhere'", [](auto& q) { q.layers["elsewhere"] = q.layers["f"]; });
    refused("no edge into node", [](auto& q) { q.edges[{1000, 0}] = q.edges.begin()->second; });
    const int layer = folded.graph.weighted_layers().front();
    refused("number of multipliers", [&](auto& q) {
        q.edges[{layer, 0}] =
            make_channel_quantizer(scheme_from("s8-pc"), {1.0f, 1.0f}, Rounding::nearest_even);
    });
}

}  // namespace
}  // namespace nibble
