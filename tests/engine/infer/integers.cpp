// Integer execution against its simulation: random networks, schemes and images, on every architecture; and
// the lowering against the float network it comes from.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/infer/compare.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/lower.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/maxabs/maxabs.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "tests/helpers/networks.hpp"
#include "tests/helpers/skip.hpp"

namespace nibble {
namespace {

/// The architecture chosen for the length of a scope.
struct Chosen {
    std::string before = kernels::active().name;
    explicit Chosen(const std::string& name) { kernels::choose(name); }
    ~Chosen() { kernels::choose(before); }
};

/// Everything a graph may hold: odd sizes, strides, paddings, both kinds of shortcut, poolings, a layer
/// without ReLU.
Graph random_network(std::uint32_t stream) {
    Random random(7, Purpose::test, 0, stream);
    const auto pick = [&](std::initializer_list<int> from) {
        return *(from.begin() + random.below(static_cast<std::uint32_t>(from.size())));
    };
    Graph g;
    int x = g.input({pick({5, 8, 12}), pick({6, 8, 11}), pick({1, 3, 4})});
    const auto conv = [&](int from, int channels, Window window) {
        static int number = 0;
        const std::string name = "conv" + std::to_string(number++);
        const bool bias = random.below(2);
        const int y = g.conv(from, name, channels, window, bias);
        return random.below(3) ? g.batch_norm(y, name + "_bn") : y;
    };
    x = g.relu(conv(x, pick({4, 7, 16, 20}),
                    {{pick({1, 3}), pick({1, 2}), pick({0, 1}), 1}, {3, pick({1, 2}), 1, pick({0, 1, 2})}}));
    if (random.below(2)) x = g.max_pool(x, {3, 3, pick({1, 2}), 1});
    for (int block = 0; block < 2; ++block) {
        const int in = g[x].out.c, channels = random.below(2) ? in : in + pick({2, 5, 16}),
                  stride = pick({1, 2});
        int y = g.relu(conv(x, pick({3, 8, 17}), {3, 3, stride, 1}));
        y = conv(y, channels, {3, 3, 1, 1});
        const bool same = stride == 1 && channels == in;
        if (same)
            y = g.add(y, x);
        else if (random.below(2))
            y = g.add(y, g.shortcut_a(x, channels, stride));
        else
            y = g.add(y, conv(x, channels, {1, 1, stride}));
        x = random.below(4) ? g.relu(y) : y;
    }
    if (random.below(3) == 0 && std::min(g[x].out.h, g[x].out.w) >= 2)
        x = g.avg_pool(x, {2, 2, 1, pick({0, 1})});
    g.linear(g.global_pool(x), "linear", pick({2, 10, 17}));
    return g;
}

struct Quantized {
    FoldedNetwork network;
    Quantization quantization;
};

Quantized quantize(const Graph& graph, const Weights& weights, const MaxAbs& options, std::uint32_t stream) {
    Quantized q{fold_batch_norm(graph, weights), {}};
    q.quantization = test::quantize(q.network, options, stream);
    return q;
}

std::vector<MaxAbs> schemes() {
    const Scheme s8n{.bits = 8, .range = Range::narrow}, s4{.bits = 4}, s3{.bits = 3},
        s8t{.bits = 8, .range = Range::narrow, .granularity = Granularity::tensor},
        ternary = scheme_from("t-pc"), grouped = scheme_from("t-g4"), odd_groups = scheme_from("t-g3"),
        s4_groups = scheme_from("s4-g8");
    return {{s8n, 8, 8, 8},     {s8t, 8, 8, 8},     {s4, 4, 8, 8},         {s4, 8, 8, 4},       {s3, 3, 5, 8},
            {ternary, 8, 8, 8}, {grouped, 4, 4, 8}, {odd_groups, 8, 8, 2}, {s4_groups, 8, 8, 8}};
}

/// Makes layer i a sum of tensors, one time in three; returns whether.
bool make_sum(Quantized& q, int i, Random& random) {
    const char* const sums[] = {"s4x2-pc", "s4nx3-pc", "s3x4-pc", "s8nx2-pc"};
    if (random.below(3)) return false;
    const std::string& name = q.network.graph[i].name;
    q.quantization.layers.at(name) =
        test::quantize_as_sum(q.network.weights.at(name + ".weight"), scheme_from(sums[random.below(4)]),
                              static_cast<std::uint32_t>(i));
    return true;
}

std::string mismatches(const Comparison& comparison) {
    std::string text;
    for (const Agreement& a : comparison.agreements())
        if (a.mismatches) text += a.step + " (" + a.storage + "): " + a.example + "\n";
    return text;
}

TEST_CASE("integer execution equals its simulation: random networks and schemes, every architecture") {
    for (const kernels::Architecture& a : kernels::architectures()) {
        if (!a.supported) {
            nibble::test::skipped(a.name + " (this machine lacks it)");
            continue;
        }
        const Chosen chosen(a.name);
        int layers_of_sums = 0;
        for (std::uint32_t stream = 0; stream < 24; ++stream) {
            const Graph graph = random_network(stream);
            const Weights weights = test::random_weights(graph, stream);
            const auto all = schemes();
            const MaxAbs& options = all[stream % all.size()];
            CAPTURE(a.name);
            CAPTURE(stream);
            CAPTURE(to_string(options.weights));
            Quantized q = quantize(graph, weights, options, stream);
            Random random(9, Purpose::test, 0, stream);
            for (int i : q.network.graph.weighted_layers()) {
                if (random.below(2))
                    test::quantize_by_channel(q.network.graph, q.network.weights, i, q.quantization, stream);
                layers_of_sums += make_sum(q, i, random);
            }
            Comparison comparison(lower(q.network.graph, q.network.weights, q.quantization));
            comparison.add(test::random_images(graph.input_dims(), 3, 100 + stream));
            CHECK(mismatches(comparison) == "");
            CHECK(comparison.agreements().size() > 8);
        }
        CHECK(layers_of_sums > 24);
    }
}

TEST_CASE(
    "integer execution equals its simulation: branches, groups, gates and functions, every architecture") {
    for (const kernels::Architecture& a : kernels::architectures()) {
        if (!a.supported) continue;
        const Chosen chosen(a.name);
        int layers_of_sums = 0;
        for (std::uint32_t stream = 0; stream < 18; ++stream) {
            const Graph graph = test::branching_network(stream);
            const auto all = schemes();
            CAPTURE(a.name);
            CAPTURE(stream);
            Quantized q =
                quantize(graph, test::random_weights(graph, stream), all[stream % all.size()], stream);
            test::quantize_edges(q.network, q.quantization, stream);
            Random random(21, Purpose::test, 0, stream);
            for (int i : q.network.graph.weighted_layers()) layers_of_sums += make_sum(q, i, random);
            const IntegerGraph lowered = lower(q.network.graph, q.network.weights, q.quantization);
            const IntegerGraph read = integer_graph_from(to_safetensors(lowered, {}));
            Comparison comparison(read);
            const auto images = test::random_images(graph.input_dims(), 3, 100 + stream);
            comparison.add(images);
            CHECK(mismatches(comparison) == "");
            const auto classes = static_cast<std::size_t>(graph.classes());
            std::vector<float> logits(3 * classes), again(3 * classes);
            IntegerExecutor(read).logits(images, logits);
            IntegerExecutor(lowered).logits(images, again);
            CHECK(logits == again);
        }
        CHECK(layers_of_sums > 36);
    }
}

TEST_CASE("integer execution: negated codes with a negative step are the same network") {
    const Graph graph = resnet_cifar({.depth = 8});
    Quantized q = quantize(graph, test::random_weights(graph, 1), {.weights = scheme_from("s4n-pc")}, 1);
    const std::vector<float> images = test::random_images(graph.input_dims(), 3, 2);
    const auto run = [&] {
        Comparison comparison(lower(q.network.graph, q.network.weights, q.quantization));
        comparison.add(images);
        CHECK(mismatches(comparison) == "");
        IntegerExecutor executor(lower(q.network.graph, q.network.weights, q.quantization));
        std::vector<float> logits(30);
        executor.logits(images, logits);
        return logits;
    };
    const std::vector<float> before = run();
    for (auto& [name, w] : q.quantization.layers) {
        const std::size_t per_output = w.codes.size() / w.outputs();
        for (std::size_t i = 0; i < w.codes.size(); ++i)
            if (i / per_output % 2) w.codes[i] = static_cast<std::int8_t>(-w.codes[i]);
        for (std::size_t o = 1; o < w.outputs(); o += 2) w.steps[o] = -w.steps[o];
    }
    CHECK(run() == before);
}

/// The same logits on every architecture, for 1 to 3 threads, which take images alone or share one.
void check_one_digest(const IntegerGraph& lowered) {
    constexpr std::size_t kImages = 11;
    const std::size_t size = lowered.input_dims().size(),
                      classes = static_cast<std::size_t>(lowered.classes());
    const std::vector<float> images = test::random_images(lowered.input_dims(), kImages, 2);
    std::vector<float> expected;
    const int before = threads();
    for (const kernels::Architecture& a : kernels::architectures()) {
        if (!a.supported) continue;
        const Chosen chosen(a.name);
        for (int n : {1, 2, 3}) {
            set_threads(n);
            IntegerExecutor executor(lowered);
            for (std::size_t together : {std::size_t{1}, std::size_t{2}, kImages}) {
                std::vector<float> logits(kImages * classes);
                for (std::size_t i = 0; i < kImages; i += together) {
                    const std::size_t count = std::min(together, kImages - i);
                    executor.logits(std::span(images).subspan(i * size, count * size),
                                    std::span(logits).subspan(i * classes, count * classes));
                }
                if (expected.empty()) expected = logits;
                CHECK(logits == expected);
            }
        }
    }
    set_threads(before);
}

TEST_CASE("integer execution: one digest for any architecture, number of threads and images at once") {
    const Graph graph = resnet_cifar({.depth = 8});
    Quantized q = quantize(graph, test::random_weights(graph, 1),
                           {.weights = scheme_from("s4-pc"), .activation_bits = 4}, 1);
    for (const char* name : {"layer2.0.conv2", "layer3.0.conv1"})
        q.quantization.layers.at(name) = test::quantize_as_sum(
            q.network.weights.at(std::string(name) + ".weight"), scheme_from("s4x2-pc"), 1);
    check_one_digest(lower(q.network.graph, q.network.weights, q.quantization));
    for (std::uint32_t stream : {0u, 1u, 2u, 3u}) check_one_digest(test::branching_integer_network(stream));
}

/// |a - b| over |b|, in the root mean square.
double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
    double error = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        error += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return std::sqrt(error / size);
}

TEST_CASE("more threads than at construction: executor, comparison and float network keep to their workers") {
    struct Threads {
        int before = threads();
        ~Threads() { set_threads(before); }
    } const restored;
    const Graph graph = random_network(3);
    const Weights weights = test::random_weights(graph, 3);
    const Quantized q = quantize(graph, weights, schemes()[0], 3);
    set_threads(1);
    IntegerExecutor executor(lower(q.network.graph, q.network.weights, q.quantization));
    Comparison comparison(executor.graph());
    Predictor predictor(graph, weights, Numerics::f32);
    const auto classes = static_cast<std::size_t>(graph.classes());
    for (std::size_t n : {1u, 9u}) {
        const auto images = test::random_images(graph.input_dims(), n, 3);
        std::vector<float> integer(n * classes), expected = integer, real = integer, expected_real = integer;
        set_threads(1);
        executor.logits(images, expected);
        predictor.logits(images, expected_real);
        set_threads(7);
        executor.logits(images, integer);
        predictor.logits(images, real);
        comparison.add(images);
        CHECK(integer == expected);
        CHECK(real == expected_real);
    }
    CHECK(comparison.mismatches() == 0);
}

TEST_CASE("lowering: 8-bit networks stay close to the float network, batch norm folded before or after") {
    constexpr double kEightBits = 0.05;  // measured: 0.01 to 0.02
    for (std::uint32_t stream = 0; stream < 6; ++stream) {
        const Graph graph = resnet_cifar({.depth = 8,
                                          .shortcut = stream % 2 ? Shortcut::projection : Shortcut::option_a,
                                          .input = {16, 16, 3}});
        const Weights weights = test::random_weights(graph, stream);
        const std::vector<float> images = test::random_images(graph.input_dims(), 8, stream);
        std::vector<float> real(80), integer(80), unfolded(80);
        Predictor(graph, weights, Numerics::f32).logits(images, real);

        const FoldedNetwork folded = fold_batch_norm(graph, weights);
        std::vector<ValueRange> ranges;
        observe_ranges(folded.graph, folded.weights, images, ranges);
        const Quantization q = maxabs(folded, ranges, {});
        IntegerExecutor(lower(folded.graph, folded.weights, q)).logits(images, integer);
        CHECK(relative_error(integer, real) < kEightBits);

        Quantization by_channel = q;
        for (int i = 0; i < folded.graph.size(); ++i)
            if (is_weighted(folded.graph[i]))
                test::quantize_by_channel(folded.graph, folded.weights, i, by_channel, stream);
        IntegerExecutor(lower(folded.graph, folded.weights, by_channel)).logits(images, integer);
        CHECK(relative_error(integer, real) < kEightBits);

        // Four bits, and four more for every kernel.
        Quantization dual = q;
        for (auto& [name, layer] : dual.layers) {
            std::vector<std::uint32_t> kernels(layer.outputs());
            std::iota(kernels.begin(), kernels.end(), 0u);
            layer = mmse::quantize_dual(folded.weights.at(name + ".weight"), scheme_from("s4x2-pc"), kernels);
        }
        IntegerExecutor(lower(folded.graph, folded.weights, dual)).logits(images, integer);
        CHECK(relative_error(integer, real) < kEightBits);

        // Eight bits with batch norm left for lowering to fold: weights quantized as they were trained.
        Quantization own = q;
        for (auto& [name, layer] : own.layers)
            layer = maxabs_weights(weights.at(name + ".weight"), layer.scheme);
        own.edges.clear();
        for (int i = 0; i < graph.size(); ++i)
            for (int operand = 0; operand < static_cast<int>(graph[i].inputs.size()); ++operand) {
                const auto found = q.edges.find({folded.node_of[i], operand});
                if (graph[i].op != Op::batch_norm && found != q.edges.end())
                    own.edges.emplace(GraphEdge{i, operand}, found->second);
            }
        IntegerExecutor(lower(graph, weights, own)).logits(images, unfolded);
        CHECK(relative_error(unfolded, real) < kEightBits);
    }
}

TEST_CASE("lowering refuses layers that are not quantized, by name") {
    const Graph graph = resnet_cifar({.depth = 8, .input = {8, 8, 3}});
    const Quantized q = quantize(graph, test::random_weights(graph, 3), {}, 3);
    Quantization missing = q.quantization;
    missing.layers.erase("layer2.0.conv1");
    CHECK_THROWS_WITH_AS(lower(q.network.graph, q.network.weights, missing),
                         doctest::Contains("layer2.0.conv1): its weights are not quantized"), Unsupported);
    missing = q.quantization;
    missing.edges.erase(missing.edges.begin());
    CHECK_THROWS_AS(lower(q.network.graph, q.network.weights, missing), Unsupported);
}

}  // namespace
}  // namespace nibble
