#include "engine/quant/equalization/equalization.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/core/parallel.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/equalization/channel_readers.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "tests/helpers/networks.hpp"

using namespace nibble;

namespace {

FoldedNetwork random_network(const Graph& graph, std::uint32_t stream) {
    return fold_batch_norm(graph, test::random_weights(graph, stream));
}

std::vector<float> logits_of(const FoldedNetwork& network, const std::vector<float>& images) {
    const std::size_t n = images.size() / network.graph.input_dims().size();
    std::vector<float> logits(n * static_cast<std::size_t>(network.graph.classes()));
    Predictor(network.graph, network.weights, Numerics::f32).logits(images, logits);
    return logits;
}

/// Of the logits, relative to the largest.
double difference(const FoldedNetwork& a, const FoldedNetwork& b) {
    const auto images = test::random_images(a.graph.input_dims(), 5, 1);
    const auto x = logits_of(a, images), y = logits_of(b, images);
    double largest = 0, error = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        largest = std::max(largest, static_cast<double>(std::abs(x[i])));
        error = std::max(error, static_cast<double>(std::abs(x[i] - y[i])));
    }
    return error / largest;
}

/// max |W| of output channel `c`.
double output_range(const FoldedNetwork& network, int layer, std::size_t c) {
    const Array<float>& w = network.weights.at(network.graph[layer].name + ".weight");
    const std::size_t size = w.size() / w.shape()[0];
    double most = 0;
    for (std::size_t i = 0; i < size; ++i)
        most = std::max(most, static_cast<double>(std::abs(w.data()[c * size + i])));
    return most;
}

/// max |W| over what reads an input channel.
double input_range(const FoldedNetwork& network, const InputChannel& in) {
    const Node& node = network.graph[in.layer];
    const Array<float>& w = network.weights.at(node.name + ".weight");
    const auto channels = static_cast<std::size_t>(network.graph[node.inputs.front()].out.c);
    const auto groups = static_cast<std::size_t>(node.groups), inputs = channels / groups,
               outputs = w.shape()[0] / groups, taps = w.size() / w.shape()[0] / inputs,
               k = static_cast<std::size_t>(in.channel);
    double most = 0;
    for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t t = 0; t < taps; ++t)
            most = std::max(
                most, static_cast<double>(
                          std::abs(w.data()[((k / inputs * outputs + o) * inputs + k % inputs) * taps + t])));
    return most;
}

/// Every channel that was equalized, with both ranges.
template <class Check>
void for_each_channel(const FoldedNetwork& network, Check&& check) {
    for (int layer : network.graph.weighted_layers())
        if (const auto readers = channel_readers(network.graph, layer))
            for (std::size_t c = 0; c < readers->of.size(); ++c) {
                double read = 0;
                for (const InputChannel& in : readers->of[c]) read = std::max(read, input_range(network, in));
                check(output_range(network, layer, c), read);
            }
}

/// Convolutions, depthwise and grouped, leaky ReLU, pooling, a residual addition, a concatenation and a
/// shuffle; ranges of channels far apart.
Graph varied_network() {
    Graph g;
    int x = g.relu(g.batch_norm(g.conv(g.input({12, 11, 3}), "stem", 8, {3, 3, 1, 1}), "stem_bn"));
    x = g.relu(g.batch_norm(g.conv(x, "depthwise", 8, {3, 3, 1, 1}, false, 8), "depthwise_bn"));
    x = g.leaky_relu(g.conv(x, "point", 12, {}, true), 0.125f);
    x = g.max_pool(g.leaky_relu(g.conv(x, "grouped", 12, {3, 3, 1, 1}, true, 3), 0.25f), {2, 2});
    const int squeezed = g.relu(g.conv(x, "squeeze", 6, {}, true));
    const int left = g.relu(g.conv(squeezed, "left", 4, {}, true)),
              right = g.relu(g.conv(squeezed, "right", 4, {3, 3, 1, 1}, true));
    x = g.conv(g.shuffle(g.concat({left, right}), 2), "merge", 6, {}, true);
    const int inner = g.relu(g.conv(g.relu(x), "inner", 5, {3, 3, 1, 1}, true));
    x = g.relu(g.add(g.conv(inner, "block", 6, {}, true), x));
    x = g.avg_pool(g.relu(g.conv(x, "last", 7, {}, true)), {2, 2});
    g.linear(g.relu(g.linear(x, "hidden", 9)), "out", 4);
    return g;
}

}  // namespace

TEST_CASE("a pair by hand: both ranges become the square root of their product") {
    Graph g;
    const int a = g.linear(g.input({1, 1, 2}), "a", 2);
    const int b = g.linear(g.relu(a), "b", 2, /*bias=*/false);
    FoldedNetwork network{g, {}, {0, a, 2, b}};
    network.weights["a.weight"] = Array<float>{{8, -2}, {0.5f, 1}};
    network.weights["a.bias"] = Array<float>{4, 3};
    network.weights["b.weight"] = Array<float>{{-2, 1}, {0.5f, 4}};
    const Equalization done = equalize(network);
    CHECK(done.pairs == 1);
    CHECK(done.rounds == 2);  // the second finds nothing to do
    // s = sqrt(8 * 2) / 2 = 2 and sqrt(1 * 4) / 4 = 0.5
    CHECK(network.weights.at("a.weight") == Array<float>{{4, -1}, {1, 2}});
    CHECK(network.weights.at("a.bias") == Array<float>{2, 6});
    CHECK(network.weights.at("b.weight") == Array<float>{{-4, 0.5f}, {1, 2}});
}

TEST_CASE("the logits stay, and the ranges of every channel and of what reads it become equal") {
    const Graph graph = varied_network();
    for (std::uint32_t stream = 0; stream < 4; ++stream) {
        const FoldedNetwork before = random_network(graph, stream);
        FoldedNetwork after = before;
        const Equalization done = equalize(after);
        CHECK(done.pairs == 11);
        CHECK(done.rounds < Equalization::kMostRounds);
        CHECK(difference(before, after) < 1e-5);
        double unequal = 0;
        for_each_channel(before,
                         [&](double a, double b) { unequal = std::max(unequal, std::abs(a / b - 1)); });
        CHECK(unequal > 1);
        for_each_channel(after, [&](double a, double b) { CHECK(a == doctest::Approx(b).epsilon(1e-3)); });
        // "block" and "merge" are added.
        CHECK(after.weights.at("block.bias") == before.weights.at("block.bias"));
        CHECK(after.weights.at("merge.bias") == before.weights.at("merge.bias"));
    }
}

TEST_CASE("any network's logits stay") {
    for (std::uint32_t stream = 0; stream < 20; ++stream) {
        const FoldedNetwork before = random_network(test::branching_network(stream), stream);
        FoldedNetwork after = before;
        equalize(after);
        CHECK(difference(before, after) < 1e-5);
    }
}

TEST_CASE("channels of zeros stay as they are") {
    const Graph graph = varied_network();
    FoldedNetwork network = random_network(graph, 1);
    Array<float>& point = network.weights.at("point.weight");
    std::fill_n(point.data(), point.size() / 12, 0.0f);
    const float bias = network.weights.at("point.bias").data()[0] = 1.5f;
    network.weights.at("hidden.weight").fill(0);  // what "last" is read by
    const Array<float> last = network.weights.at("last.bias");
    const FoldedNetwork before = network;
    equalize(network);
    CHECK(network.weights.at("point.bias").data()[0] == bias);
    CHECK(network.weights.at("last.bias") == last);
    CHECK(difference(before, network) < 1e-5);
}

TEST_CASE("a network without pairs is what it was") {
    Graph g;
    g.linear(g.input({2, 2, 3}), "only", 3);
    const FoldedNetwork before = random_network(g, 1);
    FoldedNetwork after = before;
    const Equalization done = equalize(after);
    CHECK(done.pairs == 0);
    CHECK(done.rounds == 0);
    CHECK(after.weights == before.weights);
    CHECK(after.graph.digest() == before.graph.digest());
}

TEST_CASE("as a method: facts, the weights that codes are compared with, the same bits for any threads") {
    const Graph graph = varied_network();
    const Weights weights = test::random_weights(graph, 2);
    const auto images = test::random_images(graph.input_dims(), 8, 2);
    const auto run = [&](const char* family, const char* settings) {
        return post_train(*post_training_method(family, settings), graph, weights, images);
    };
    const int threads_before = threads();
    set_threads(1);
    const Diagnosed one = run("mmse", "w4a8e8-pt-cle-bc");
    set_threads(4);
    const Diagnosed four = run("mmse", "w4a8e8-pt-cle-bc");
    set_threads(threads_before);
    CHECK(one.network.facts.at("pairs") == 11);
    CHECK(one.network.network.weights == four.network.network.weights);
    CHECK(one.network.quantization.edges == four.network.quantization.edges);

    FoldedNetwork equalized = fold_batch_norm(graph, weights);
    equalize(equalized);
    CHECK(one.floats.weights == equalized.weights);
    const Diagnosed family = run("cle", "w4a8e8-pt-bc");
    CHECK(rounded_weights(family.network) == rounded_weights(one.network));
    const Diagnosed plain = run("mmse", "w4a8e8-pt-bc");
    double with = 0, without = 0;
    for (const LayerDiagnosis& d : one.layers) with += d.weight_error;
    for (const LayerDiagnosis& d : plain.layers) without += d.weight_error;
    CHECK(with < without);
}
