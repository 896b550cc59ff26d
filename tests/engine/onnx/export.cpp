// What is exported comes back: float networks with their logits, networks of integers with their codes.
#include "engine/onnx/export.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/onnx/network.hpp"
#include "tests/helpers/networks.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

namespace {

constexpr std::size_t kImages = 4;
/// Sums are rounded otherwise, so a code may differ by one; relative to the largest logit.
constexpr double kOneCode = 0.02;

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    double difference = 0, largest = 1e-6;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = std::max(difference, std::abs(double{a[i]} - double{b[i]}));
        largest = std::max(largest, std::abs(double{a[i]}));
    }
    return difference / largest;
}

std::vector<float> logits_of(const Graph& graph, const Weights& weights, const std::vector<float>& images) {
    std::vector<float> logits(kImages * static_cast<std::size_t>(graph.classes()));
    Predictor(graph, weights, Numerics::f32).logits(images, logits);
    return logits;
}

std::vector<float> logits_of(const IntegerGraph& graph, const std::vector<float>& images) {
    std::vector<float> logits(kImages * static_cast<std::size_t>(graph.classes()));
    IntegerExecutor(graph).logits(images, logits);
    return logits;
}

/// Convolution, batch norm, additions, poolings, branches, groups, gates and functions.
Graph sample_network() {
    Graph g;
    int x = g.relu(g.batch_norm(g.conv(g.input({9, 9, 3}), "stem", 8, Window(3, 3, 1, 1)), "norm"));
    const int pooled = g.max_pool(x, Window(2, 2, 2).ceiled(g[x].out));
    const int left = g.conv(g.slice(pooled, 0, 4), "left", 4, Window(3, 3, 1, 1), true, 4);
    const int right = g.leaky_relu(g.slice(pooled, 4, 4), 0.1f);
    x = g.shuffle(g.concat({left, right}), 2);
    const int gate = g.function(Op::hard_sigmoid, g.conv(g.global_pool(x), "gate", 8, {}, true));
    x = g.multiply(g.function(Op::silu, x), gate);
    x = g.add(g.function(Op::hard_swish, x), pooled);
    x = g.avg_pool(g.pad(x, 1, 0, 0, 1), Window(3, 3, 2, 1), true);
    x = g.local_norm(g.shortcut_a(g.clamp(x, {-1, 6}), 12, 2), {.size = 3});
    g.linear(g.function(Op::sigmoid, x), "classifier", 5);
    return g;
}

}  // namespace

TEST_CASE("export: a float network comes back with its parameters and logits") {
    const test::Scratch folder("onnx-export");
    const Graph graph = sample_network();
    const Weights weights = test::random_weights(graph, 3);
    const auto images = test::random_images(graph.input_dims(), kImages, 5);
    write_onnx(folder / "net.onnx", graph, weights, {{"model", "sample"}});
    const OnnxNetwork back = read_onnx(folder / "net.onnx");
    CHECK(back.weights == weights);
    CHECK(back.metadata.at("model") == "sample");
    CHECK_FALSE(back.quantization);
    CHECK(largest_difference(logits_of(graph, weights, images), logits_of(back.graph, back.weights, images)) <
          1e-6);
}

TEST_CASE("export: networks of integers come back as codes and scales of as many bits") {
    const test::Scratch folder("onnx-export");
    Graph graph;
    int x = graph.relu(graph.conv(graph.input({8, 8, 3}), "first", 6, Window(3, 3, 1, 1), true));
    const int y = graph.conv(graph.max_pool(x, Window(2, 2, 2)), "second", 6, Window(3, 3, 1, 1), true);
    x = graph.relu(graph.add(y, graph.conv(x, "shortcut", 6, Window(1, 1, 2), true)));
    graph.linear(graph.global_pool(x), "last", 4);
    const Weights weights = test::random_weights(graph, 8);
    const auto images = test::random_images(graph.input_dims(), kImages, 9);
    for (const int bits : {8, 4, 2}) {
        MaxAbs options{.activation_bits = 8, .end_bits = bits};
        options.weights = {.bits = bits, .range = bits >= 4 ? Range::narrow : Range::full};
        const FoldedNetwork folded = fold_batch_norm(graph, weights);
        const Quantization quantization = test::quantize(folded, options, 11);
        const IntegerGraph integers = lower(folded.graph, folded.weights, quantization);
        write_onnx(folder / "net.onnx", integers, {});
        const OnnxNetwork back = read_onnx(folder / "net.onnx");
        REQUIRE(back.quantization);
        REQUIRE(back.quantization->layers.size() == 4);
        for (const auto& [name, layer] : back.quantization->layers) {
            CAPTURE(name);
            CHECK(layer.scheme.bits <= bits);
        }
        const IntegerGraph again = lower(back.graph, back.weights, *back.quantization);
        CHECK(largest_difference(logits_of(integers, images), logits_of(again, images)) < kOneCode);
    }
}

TEST_CASE("export: residuals, sums, groups and codes by channel are written, and read as the same values") {
    const test::Scratch folder("onnx-export");
    for (std::uint32_t stream = 0; stream < 3; ++stream) {
        CAPTURE(stream);
        const IntegerGraph graph = test::small_integer_network(stream);
        const auto images = test::random_images(graph.input_dims(), kImages, stream);
        write_onnx(folder / "net.onnx", graph, {});
        const OnnxNetwork back = read_onnx(folder / "net.onnx");
        const IntegerGraph again = lower(back.graph, back.weights, *back.quantization);
        CHECK(largest_difference(logits_of(graph, images), logits_of(again, images)) < kOneCode);
    }
}

TEST_CASE("export: branches, gates and functions of codes are written, and read as nearly the same values") {
    // Some operands are codes and others floats, which no network of ours lowers to; so the file is run in floats,
    // on the values of its weights' codes, and lacks what rounding of activations does.
    constexpr double kRounding = 0.1;
    const test::Scratch folder("onnx-export");
    for (std::uint32_t stream = 0; stream < 3; ++stream) {
        CAPTURE(stream);
        const IntegerGraph graph = test::branching_integer_network(stream);
        const auto images = test::random_images(graph.input_dims(), kImages, stream);
        write_onnx(folder / "net.onnx", graph, {});
        const OnnxNetwork back = read_onnx(folder / "net.onnx");
        const double difference =
            largest_difference(logits_of(graph, images), logits_of(back.graph, back.weights, images));
        CHECK(difference < kRounding);
    }
}
