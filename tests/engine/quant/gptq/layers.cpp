#include "engine/quant/gptq/layers.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/quant/corrections/layerwise.hpp"
#include "engine/quant/gptq/correlations.hpp"
#include "engine/quant/gptq/error_feedback.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble::gptq {
namespace {

constexpr std::size_t kImages = 9;

/// Convolutions whole, depthwise and in groups, a linear layer behind them.
Graph grouped_network() {
    Graph g;
    int x = g.relu(g.conv(g.input({9, 8, 3}), "a", 8, {3, 3, 1, 1}, true));
    x = g.relu(g.conv(x, "b", 8, {3, 3, 2, 1}, true, 8));
    x = g.relu(g.conv(x, "c", 12, {1, 1}, true, 4));
    g.linear(x, "d", 5);
    return g;
}

struct Example {
    FoldedNetwork network;
    std::vector<float> images;
    Quantization nearest;

    Example() : network{grouped_network(), {}, {}} {
        network.weights = test::random_weights(network.graph, 5);
        images = test::random_images(network.graph.input_dims(), kImages, 5);
        nearest = test::quantize(network, {.weights = scheme_from("s3-pc"), .activation_bits = 4}, 5);
    }
    Quantization rounded() const {
        Quantization q = nearest;
        round_layers(network, images, q);
        return q;
    }
};

TEST_CASE("gptq of a network: each layer sees what the layers before it give with their new codes") {
    const Example e;
    const Quantization q = e.rounded();
    CHECK(q.edges == e.nearest.edges);
    int layers = 0, changed = 0;
    // The network with the codes that came out, run again: from its inputs each layer's codes follow.
    run_layerwise(
        e.network.graph, e.network.weights, q, e.images,
        [&](int layer, const Moments&) { return unchanged(e.network.graph, e.network.weights, layer); },
        [&](int layer, const Operand& operand) {
            const std::string& name = e.network.graph[layer].name;
            QuantizedWeights again = e.nearest.layers.at(name);
            round_with_feedback(e.network.weights.at(name + ".weight"),
                                correlations_of(e.network.graph, layer, kImages, operand), again);
            CHECK(again.codes == q.layers.at(name).codes);
            changed += again.codes != e.nearest.layers.at(name).codes ? 1 : 0;
            ++layers;
        });
    CHECK(layers == 4);
    CHECK(changed >= 3);
}

TEST_CASE("gptq of a network: the same bits for any number of threads; layers without codes stay") {
    const int before = threads();
    Example e;
    e.nearest.layers.erase("c");
    set_threads(1);
    const Quantization one = e.rounded();
    set_threads(4);
    const Quantization four = e.rounded();
    set_threads(before);
    CHECK(one.layers.size() == 3);
    for (const auto& [name, layer] : one.layers) CHECK(layer.codes == four.layers.at(name).codes);
}

TEST_CASE("gptq of a network: a dead network keeps its nearest codes, one image is enough, none is refused") {
    Example e;
    e.network.weights.at("a.weight").fill(0.0f);
    e.network.weights.at("a.bias").fill(-1.0f);  // behind it all is 0
    const Quantization q = e.rounded();
    CHECK(q.layers.at("b").codes == e.nearest.layers.at("b").codes);
    e.images.resize(e.network.graph.input_dims().size());
    CHECK_NOTHROW(e.rounded());
    e.images.clear();
    CHECK_THROWS_AS(e.rounded(), BadInput);
}

TEST_CASE("gptq of a network: a layer of too many inputs keeps its codes") {
    for (const std::size_t inputs : {std::size_t{2}, kMostInputs + 1}) {
        Graph g;
        g.linear(g.input({1, 1, static_cast<int>(inputs)}), "a", 1);
        FoldedNetwork network{g, test::random_weights(g, 1), {}};
        // Two inputs that are one: their errors go to each other. The rest is 0.
        std::vector<float> image(inputs, 0.0f);
        image[0] = image[1] = 1;
        Array<float>& w = network.weights.at("a.weight");
        w.fill(0.0f);
        w.data()[0] = w.data()[1] = 0.4f;
        Quantization q;
        q.layers["a"] = {scheme_from("s4-pc"), {1, inputs}, std::vector<std::int8_t>(inputs, 0), {1}, {}};
        round_layers(network, image, q);
        CHECK(q.layers.at("a").codes[0] + q.layers.at("a").codes[1] == (inputs > kMostInputs ? 0 : 1));
    }
}

TEST_CASE("gptq as a family: the settings of mmse, with or without the word") {
    for (const char* settings : {"w4a8e8-gptq-r8", "w4a8e8-r8"})
        CHECK(post_training_method("gptq", settings)->text() == "w4a8e8-gptq-r8");
    CHECK(post_training_method("gptqfloat", "w4a8e8-aasym")->text() == "w4a8e8-gptqfloat-aasym");
    CHECK(post_training_method("gptq", "w4e8-cal64")->calibration_images() == 64);
    for (const char* settings : {"f32", "a4", "w4-dual10", "w4e8-gptq-gptq"})
        CHECK_THROWS_AS(post_training_method("gptq", settings), BadInput);
}

}  // namespace
}  // namespace nibble::gptq
