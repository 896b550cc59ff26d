// From float graphs to steps: which forms a value is stored in, where quantization goes, what is refused.
// That the steps compute the right thing is shown in integers.cpp.
#include "engine/infer/lower.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/infer/compare.hpp"
#include "engine/nn/fold.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

using Kind = IntegerStep::Kind;

const Window kSquare{3, 3, 1, 1};

std::vector<std::string> summary(const IntegerGraph& graph) {
    std::vector<std::string> lines;
    for (const IntegerStep& step : graph.steps) {
        std::string line =
            step.node.name + ": " + storage_name(graph.values[static_cast<std::size_t>(step.inputs[0])]);
        if (step.residual >= 0)
            line += " + " + storage_name(graph.values[static_cast<std::size_t>(step.residual)]);
        line += " ->";
        for (int v : step.outputs) line += " " + storage_name(graph.values[static_cast<std::size_t>(v)]);
        lines.push_back(line + (step.node.clamp == kRelu ? " relu" : ""));
    }
    return lines;
}

using Lines = std::vector<std::string>;

struct Example {
    Graph graph;
    Weights weights;
    Quantization quantization;

    explicit Example(Graph g, const MaxAbs& options = {}) : graph(std::move(g)) {
        weights = test::random_weights(graph, 1);
        quantization = test::quantize(fold_batch_norm(graph, weights), options, 1);
    }
    IntegerGraph lowered() const { return lower(graph, weights, quantization); }
};

/// Executed and simulated are the same.
void check_agreement(const IntegerGraph& graph) {
    Comparison comparison(graph);
    comparison.add(test::random_images(graph.input_dims(), 3, 9));
    CHECK(comparison.mismatches() == 0);
}

TEST_CASE("lowering: quantization moves in front of max-pooling and shortcuts, which pass codes on") {
    Graph g;
    int x = g.input({8, 8, 3});
    x = g.relu(g.conv(x, "a", 4, kSquare));
    x = g.max_pool(x, {2, 2, 2});
    const int shortcut = g.shortcut_a(x, 6, 1);
    x = g.add(g.conv(x, "b", 6, kSquare), shortcut);
    g.linear(g.global_pool(x), "c", 5);
    const IntegerGraph graph = Example(g, {.activation_bits = 4, .residual_bits = 5}).lowered();
    // The two readers of the pooled value want 4 and 5 bits, so there are two poolings, and no floats before
    // them.
    CHECK(summary(graph) == Lines{"input: f32 -> s8", "a: s8 -> u5 u4 relu", "max_pool: u5 -> u5",
                                  "max_pool: u4 -> u4", "shortcut: u5 -> u5", "b: u4 + u5 -> f32",
                                  "avg_pool: f32 -> s8", "c: s8 -> f32"});
    check_agreement(graph);
}

TEST_CASE("lowering: readers with equal quantizers share a value, others get one of their own") {
    Graph g;
    const int x = g.relu(g.conv(g.input({5, 5, 2}), "a", 4, kSquare));
    const int left = g.conv(x, "left", 4, kSquare), right = g.relu(g.conv(x, "right", 4, {}));
    const int sum = g.add(left, right);
    g.linear(g.global_pool(sum), "c", 3);
    Example e(g);
    const auto step_of_a = [](const IntegerGraph& graph) { return graph.steps[1]; };
    CHECK(step_of_a(e.lowered()).outputs.size() == 1);
    check_agreement(e.lowered());

    e.quantization.edges.at({right - 1, 0}) = make_quantizer(scheme_from("u3-pt"), 0.5f);
    IntegerGraph graph = e.lowered();
    CHECK(step_of_a(graph).outputs.size() == 2);
    check_agreement(graph);

    // The same scheme with another step or rounding is another form.
    Quantizer half_up = e.quantization.edges.at({left, 0});
    half_up.rounding = Rounding::half_up;
    e.quantization.edges.at({right - 1, 0}) = half_up;
    CHECK(step_of_a(e.lowered()).outputs.size() == 2);

    // Without a quantizer the residual is read as floats.
    e.quantization.edges.erase({sum, 1});
    graph = e.lowered();
    CHECK(std::ranges::count(summary(graph), "left: u8 + f32 -> f32") == 1);
    check_agreement(graph);
}

TEST_CASE("lowering: one value as floats and as codes of several quantizers, floats first") {
    Graph g;
    const int x = g.relu(g.conv(g.input({5, 5, 2}), "a", 4, kSquare));
    const int b = g.conv(x, "b", 4, kSquare), c = g.conv(x, "c", 4, {});
    const int inner = g.add(b, x), outer = g.add(c, inner);
    g.linear(g.global_pool(outer), "d", 3);
    Example e(g);
    e.quantization.edges.erase({inner, 1});
    e.quantization.edges.at({c, 0}) = make_quantizer(scheme_from("u2-pt"), 1);
    const IntegerGraph graph = e.lowered();
    CHECK(std::ranges::count(summary(graph), "a: s8 -> f32 u8 u2 relu") == 1);
    check_agreement(graph);
}

TEST_CASE("lowering: poolings take codes or floats, an image may be pooled, unpadded or not") {
    Graph g;
    int x = g.max_pool(g.input({6, 6, 2}), {2, 2, 2});
    x = g.relu(g.conv(x, "a", 3, kSquare));
    const int mean = g.avg_pool(x, {2, 2, 1, 1});
    g.linear(g.global_pool(g.conv(mean, "b", 3, {})), "c", 2);
    Example e(g);
    CHECK(summary(e.lowered()) == Lines{"input: f32 -> s8", "max_pool: s8 -> s8", "a: s8 -> f32 relu",
                                        "avg_pool: f32 -> u8", "b: u8 -> f32", "avg_pool: f32 -> s8",
                                        "c: s8 -> f32"});
    check_agreement(e.lowered());
    e.quantization.edges.emplace(GraphEdge{mean, 0}, make_quantizer(scheme_from("u6-pt"), 0.125f));
    CHECK(summary(e.lowered())[2] == "a: s8 -> u6 relu");
    check_agreement(e.lowered());
}

TEST_CASE("lowering: codes quantized by channel pass max-poolings and reach products, nothing else") {
    Graph g;
    int x = g.relu(g.conv(g.input({8, 8, 3}), "a", 4, kSquare));
    x = g.max_pool(x, {2, 2, 2});
    const int shortcut = g.shortcut_a(x, 6, 1), b = g.conv(x, "b", 6, kSquare), sum = g.add(b, shortcut);
    const int pool = g.global_pool(sum);
    const int c = g.linear(pool, "c", 5);
    Example good(g);
    for (int reader : {b, c})
        test::quantize_by_channel(good.graph, good.weights, reader, good.quantization, 1);
    const IntegerGraph graph = good.lowered();
    CHECK(summary(graph) == Lines{"input: f32 -> s8", "a: s8 -> u8 u8-pc relu", "max_pool: u8 -> u8",
                                  "max_pool: u8-pc -> u8-pc", "shortcut: u8 -> u8", "b: u8-pc + u8 -> f32",
                                  "avg_pool: f32 -> s8-pc", "c: s8-pc -> f32"});
    for (std::size_t o = 0; o < 6; ++o)  // the step of the codes is in the weights
        CHECK(graph.steps[5].scale[o] == good.quantization.layers.at("b").step(o));
    check_agreement(graph);

    const auto refused = [&](const char* where, const char* complaint, auto&& fault) {
        Example bad = good;
        fault(bad.quantization.edges);
        CHECK_THROWS_WITH_AS(bad.lowered(), doctest::Contains(where), BadInput);
        CHECK_THROWS_WITH_AS(bad.lowered(), doctest::Contains(complaint), BadInput);
    };
    const Quantizer four = good.quantization.edges.at({b, 0}), six = good.quantization.edges.at({c, 0});
    const char* const one_scale = "one scale per tensor";
    refused("(add", one_scale, [&](auto& edges) { edges[{sum, 1}] = six; });
    refused("pool", one_scale, [&](auto& edges) { edges[{pool, 0}] = six; });
    refused("(shortcut", one_scale, [&](auto& edges) { edges[{shortcut, 0}] = four; });
    refused("quantizer", "number of multipliers", [&](auto& edges) { edges[{b, 0}] = six; });
    refused("quantizer", "scale", [&](auto& edges) { edges[{b, 0}].multipliers[1] = 0; });
}

TEST_CASE("lowering: a quantizer where no codes would pass is refused, not dropped") {
    Graph g;
    const int a = g.conv(g.input({8, 8, 3}), "a", 4, kSquare), relu = g.relu(a);
    const int pool = g.max_pool(relu, {2, 2, 2});
    const int shortcut = g.shortcut_a(pool, 6, 1), sum = g.add(g.conv(pool, "b", 6, kSquare), shortcut);
    g.linear(g.global_pool(sum), "c", 5);
    const Example good(g);
    CHECK_NOTHROW(good.lowered());
    const GraphEdge nowhere[] = {{relu, 0}, {pool, 0}, {shortcut, 0}, {sum, 0}};
    for (const GraphEdge& edge : nowhere) {
        Example bad = good;
        bad.quantization.edges[edge] = make_quantizer(scheme_from("u4-pt"), 1);
        CHECK_THROWS_WITH_AS(bad.lowered(), doctest::Contains("no codes pass into its operand 0"),
                             Unsupported);
    }
    Example bad = good;
    bad.quantization.edges[{sum, 2}] = make_quantizer(scheme_from("u4-pt"), 1);
    CHECK_THROWS_WITH_AS(bad.lowered(), doctest::Contains("no edge into node"), BadInput);
}

TEST_CASE("executor and comparison refuse parts of images") {
    Graph g;
    g.linear(g.global_pool(g.conv(g.input({4, 4, 3}), "a", 4, kSquare)), "b", 2);
    const IntegerGraph graph = Example(g).lowered();
    const std::vector<float> images(2 * 48 - 1);
    CHECK_THROWS_AS(IntegerExecutor(graph).load(images), BadInput);
    CHECK_THROWS_AS(Comparison(graph).add(images), BadInput);
}

TEST_CASE("lowering: scale and shift of batch norm and bias, against the formula in double") {
    Graph g;
    const int conv = g.conv(g.input({3, 3, 2}), "a", 3, kSquare, true);
    g.linear(g.global_pool(g.batch_norm(conv, "bn", 0.01f)), "b", 2, false);
    const Weights weights = test::random_weights(g, 5);
    Quantization q;
    q.layers.emplace("a", maxabs_weights(weights.at("a.weight"), scheme_from("s4-pc")));
    q.layers.emplace("b", maxabs_weights(weights.at("b.weight"), scheme_from("s8-pt")));
    q.edges.emplace(GraphEdge{conv, 0}, make_quantizer(scheme_from("s8-pt"), 0.01f));
    q.edges.emplace(GraphEdge{4, 0}, make_quantizer(scheme_from("s8-pt"), 0.02f));
    const IntegerGraph graph = lower(g, weights, q);
    const auto parameter = [&](const char* name, std::size_t c) {
        return double{weights.at(name).data()[c]};
    };
    for (std::size_t c = 0; c < 3; ++c) {
        const double s =
            parameter("bn.weight", c) / std::sqrt(parameter("bn.running_var", c) + double{0.01f});
        const double shift =
            (parameter("a.bias", c) - parameter("bn.running_mean", c)) * s + parameter("bn.bias", c);
        const double scale = s * q.layers.at("a").step(c) * double{0.01f};
        CHECK(graph.steps[1].scale[c] == doctest::Approx(scale).epsilon(1e-6));
        CHECK(graph.steps[1].shift[c] == doctest::Approx(shift).epsilon(1e-5));
    }
    CHECK(graph.steps[3].scale[0] == graph.steps[3].scale[1]);
    CHECK(graph.steps[3].shift == std::vector<float>{0, 0});

    // A second term for two of the channels: scales of its own, nothing else changes.
    QuantizedWeights& sum = q.layers.at("a");
    sum.scheme = scheme_from("s4x2-pc");
    sum.extra = {{{0, 2}, std::vector<std::int8_t>(2 * 18, 3), {0.5f, -0.125f}}};
    const IntegerGraph with_sum = lower(g, weights, q);
    CHECK(with_sum.steps[1].scale == graph.steps[1].scale);
    CHECK(with_sum.steps[1].shift == graph.steps[1].shift);
    REQUIRE(with_sum.steps[1].extra_scale.size() == 1);
    REQUIRE(with_sum.steps[1].extra_scale[0].size() == 2);
    for (std::size_t j = 0; j < 2; ++j) {
        const std::size_t c = sum.extra[0].outputs[j];
        const double s =
            parameter("bn.weight", c) / std::sqrt(parameter("bn.running_var", c) + double{0.01f});
        CHECK(with_sum.steps[1].extra_scale[0][j] ==
              doctest::Approx(s * sum.extra[0].steps[j] * double{0.01f}).epsilon(1e-6));
    }
}

TEST_CASE("lowering: weights and decisions that do not fit are refused, by name") {
    Graph g;
    const int x = g.relu(g.conv(g.input({5, 5, 2}), "a", 4, kSquare, true));
    g.linear(g.global_pool(x), "b", 3);
    const Example good(g);
    CHECK_NOTHROW(good.lowered());
    const auto refused = [&](const char* complaint, auto&& fault) {
        Example bad = good;
        fault(bad);
        CAPTURE(complaint);
        CHECK_THROWS_WITH_AS(bad.lowered(), doctest::Contains(complaint), BadInput);
    };
    refused("'a.bias' is missing", [](Example& e) { e.weights.erase("a.bias"); });
    refused("a.bias", [](Example& e) { e.weights["a.bias"] = Array<float>(Shape{3}); });
    refused("surplus", [](Example& e) { e.weights["surplus"] = Array<float>(Shape{3}); });
    refused("no layer 'c'", [](Example& e) { e.quantization.layers["c"] = e.quantization.layers["a"]; });
    refused("no layer 'a.b'", [](Example& e) { e.quantization.layers["a.b"] = e.quantization.layers["a"]; });
    refused("weights of a: shape",
            [](Example& e) { e.quantization.layers["a"] = e.quantization.layers["b"]; });
    refused("weights of b", [](Example& e) { e.quantization.layers["b"].codes.pop_back(); });
    refused("no edge into node 9, operand 0", [](Example& e) {
        e.quantization.edges[{9, 0}] = {{.granularity = Granularity::tensor}};
    });
    refused("operand 1", [](Example& e) {
        e.quantization.edges[{1, 1}] = {{.granularity = Granularity::tensor}};
    });
    refused("node -1", [](Example& e) {
        e.quantization.edges[{-1, 0}] = {{.granularity = Granularity::tensor}};
    });
    refused("scale", [](Example& e) { e.quantization.edges.at({1, 0}).step = 0; });

    Example unquantized = good;
    unquantized.quantization.edges.erase({1, 0});
    CHECK_THROWS_WITH_AS(unquantized.lowered(),
                         doctest::Contains("node 1 (conv a): its input is not quantized"), Unsupported);
    refused("number of extra terms",
            [](Example& e) { e.quantization.layers.at("a").scheme = scheme_from("s8x2-pc"); });
}

}  // namespace
}  // namespace nibble
