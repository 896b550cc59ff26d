#include "engine/quant/mmse/refine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "engine/quant/mmse/weights.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble::mmse {
namespace {

std::vector<float> logits_of(const FoldedNetwork& network, const std::vector<float>& images) {
    std::vector<float> logits(images.size() / network.graph.input_dims().size() *
                              static_cast<std::size_t>(network.graph.classes()));
    Predictor(network.graph, network.weights, Numerics::f32).logits(images, logits);
    return logits;
}

/// One linear layer, 6 inputs to 3 classes, whose best scales follow from least squares.
struct Linear {
    static constexpr std::size_t kImages = 20, kInputs = 6, kClasses = 3;
    FoldedNetwork network;
    std::vector<float> images, targets;

    Linear() {
        Graph g;
        g.linear(g.input({1, 1, kInputs}), "a", kClasses);
        network = fold_batch_norm(g, test::random_weights(g, 3));
        images = test::random_images(g.input_dims(), kImages, 3);
        targets = logits_of(network, images);
    }

    /// sum over images of (x . codes) (x . other)
    double product(std::span<const std::int8_t> codes, std::span<const std::int8_t> other) const {
        double sum = 0;
        for (std::size_t i = 0; i < kImages; ++i) sum += dot(i, codes) * dot(i, other);
        return sum;
    }
    /// sum over images of (x . codes) (target - bias) of a class
    double target(std::span<const std::int8_t> codes, std::size_t o) const {
        double sum = 0;
        for (std::size_t i = 0; i < kImages; ++i)
            sum += dot(i, codes) * (targets[i * kClasses + o] - network.weights.at("a.bias").data()[o]);
        return sum;
    }

  private:
    double dot(std::size_t image, std::span<const std::int8_t> codes) const {
        double sum = 0;
        for (std::size_t i = 0; i < kInputs; ++i) sum += images[image * kInputs + i] * codes[i];
        return sum;
    }
};

constexpr Refinement kThorough{.batch = Linear::kImages, .steps = 2000, .rate = 0.01};

TEST_CASE(
    "refinement of one layer finds the scales of least squares: per channel, per tensor, and of a sum") {
    const Linear e;
    const Array<float>& weights = e.network.weights.at("a.weight");
    const auto codes_of = [](std::span<const std::int8_t> all, std::size_t o) {
        return all.subspan(o * Linear::kInputs, Linear::kInputs);
    };
    const auto refined = [&](const QuantizedWeights& layer) {
        Quantization q;
        q.layers["a"] = layer;
        const RefinementLoss loss = refine_scales(e.network, e.images, e.targets, kThorough, q);
        CHECK(loss.after < loss.before);
        CHECK(q.layers.at("a").codes == layer.codes);
        return q.layers.at("a");
    };
    const QuantizedWeights by_channel = refined(quantize_weights(weights, scheme_from("s2-pc")));
    for (std::size_t o = 0; o < Linear::kClasses; ++o) {
        const auto codes = codes_of(by_channel.codes, o);
        CHECK(by_channel.steps[o] ==
              doctest::Approx(e.target(codes, o) / e.product(codes, codes)).epsilon(1e-3));
    }

    const QuantizedWeights by_tensor = refined(quantize_weights(weights, scheme_from("s3-pt")));
    double above = 0, below = 0;
    for (std::size_t o = 0; o < Linear::kClasses; ++o) {
        const auto codes = codes_of(by_tensor.codes, o);
        above += e.target(codes, o), below += e.product(codes, codes);
    }
    CHECK(by_tensor.steps[0] == doctest::Approx(above / below).epsilon(1e-3));

    const std::vector<std::uint32_t> channels = {1};
    const QuantizedWeights sum = refined(quantize_dual(weights, scheme_from("s2x2-pc"), channels));
    const auto first = codes_of(sum.codes, 1), second = std::span(sum.extra[0].codes);
    const double a = e.product(first, first), b = e.product(first, second), c = e.product(second, second),
                 u = e.target(first, 1), v = e.target(second, 1), d = a * c - b * b;
    CHECK(sum.steps[1] == doctest::Approx((c * u - b * v) / d).epsilon(5e-3));
    CHECK(sum.extra[0].steps[0] == doctest::Approx((a * v - b * u) / d).epsilon(5e-3));
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

struct Example {
    FoldedNetwork network;
    std::vector<float> images, targets;
    Quantization quantization;

    Example() {
        const Graph graph = resnet_cifar({.depth = 8, .input = {16, 16, 3}});
        network = fold_batch_norm(graph, test::random_weights(graph, 4));
        images = test::random_images(graph.input_dims(), 20, 4);
        targets = logits_of(network, images);
        quantization = test::quantize(network, {.weights = scheme_from("s3-pc"), .activation_bits = 6}, 4);
        for (auto& [name, layer] : quantization.layers)
            layer = quantize_weights(network.weights.at(name + ".weight"), scheme_from("s3-pc"));
        const std::vector<std::uint32_t> channels = {0, 3, 7};
        quantization.layers.at("layer2.0.conv1") =
            quantize_dual(network.weights.at("layer2.0.conv1.weight"), scheme_from("s2x2-pc"), channels);
    }
};

TEST_CASE("refinement of a residual network: integer logits come closer to the float network's") {
    const Example e;
    Quantization q = e.quantization;
    const Refinement options{.batch = 8, .steps = 60, .rate = 2e-3};
    const RefinementLoss loss = refine_scales(e.network, e.images, e.targets, options, q);
    CHECK(loss.after < 0.9 * loss.before);
    const auto integer_distance = [&](const Quantization& quantization) {
        std::vector<float> logits(e.targets.size());
        IntegerExecutor(lower(e.network.graph, e.network.weights, quantization)).logits(e.images, logits);
        return distance(logits, e.targets) / 20;
    };
    // What additions read is quantized by the integers alone, to 8 bits.
    CHECK(integer_distance(e.quantization) == doctest::Approx(loss.before).epsilon(0.05));
    CHECK(integer_distance(q) == doctest::Approx(loss.after).epsilon(0.05));
    for (const auto& [name, layer] : q.layers) {
        const QuantizedWeights& before = e.quantization.layers.at(name);
        CHECK(layer.codes == before.codes);
        for (std::size_t o = 0; o < layer.steps.size(); ++o)
            CHECK(std::signbit(layer.steps[o]) == std::signbit(before.steps[o]));
    }

    // Weights alone, activations float.
    Quantization weights_only = e.quantization;
    weights_only.edges.clear();
    const RefinementLoss alone = refine_scales(e.network, e.images, e.targets, options, weights_only);
    CHECK(alone.after < 0.9 * alone.before);
    FoldedNetwork values = e.network;
    for (const auto& [name, layer] : weights_only.layers)
        values.weights.at(name + ".weight") = layer.values();
    CHECK(distance(logits_of(values, e.images), e.targets) / 20 ==
          doctest::Approx(alone.after).epsilon(1e-3));
}

TEST_CASE("refinement: the same bits for any number of threads; what would not help is not kept") {
    const Example e;
    const int before = threads();
    std::vector<float> expected;
    for (int n : {1, 2, 3}) {
        set_threads(n);
        Quantization q = e.quantization;
        refine_scales(e.network, e.images, e.targets, {.batch = 8, .steps = 5, .rate = 1e-3}, q);
        std::vector<float> steps;
        for (const auto& [name, layer] : q.layers) {
            steps.insert(steps.end(), layer.steps.begin(), layer.steps.end());
            for (const ExtraTerm& term : layer.extra)
                steps.insert(steps.end(), term.steps.begin(), term.steps.end());
        }
        if (expected.empty()) expected = steps;
        CHECK(steps == expected);
    }
    set_threads(before);

    Quantization q = e.quantization;
    const RefinementLoss wild =
        refine_scales(e.network, e.images, e.targets, {.batch = 8, .steps = 3, .rate = 1}, q);
    CHECK(wild.after == wild.before);
    for (const auto& [name, layer] : q.layers) CHECK(layer.steps == e.quantization.layers.at(name).steps);
}

TEST_CASE("refinement: refusals") {
    Example e;
    const auto run = [&](std::size_t images, std::size_t targets, const Refinement& options) {
        refine_scales(e.network, std::span(e.images).first(images), std::span(e.targets).first(targets),
                      options, e.quantization);
    };
    const std::size_t n = e.images.size(), t = e.targets.size();
    CHECK_THROWS_AS(run(0, 0, {}), BadInput);
    CHECK_THROWS_AS(run(n, t - 1, {}), BadInput);
    CHECK_THROWS_AS(run(n - 1, t, {}), BadInput);
    CHECK_THROWS_AS(run(n, t, {.batch = 0}), BadInput);
    CHECK_THROWS_AS(run(n, t, {.steps = 0}), BadInput);
    CHECK_THROWS_AS(run(n, t, {.rate = NAN}), BadInput);
    e.quantization.layers["elsewhere"] = e.quantization.layers.at("linear");
    CHECK_THROWS_WITH_AS(run(n, t, {}), doctest::Contains("no layer 'elsewhere'"), BadInput);
    e.quantization.layers.erase("elsewhere");
    e.quantization.layers.at("linear") = e.quantization.layers.at("conv1");
    CHECK_THROWS_WITH_AS(run(n, t, {}), doctest::Contains("weights of linear"), BadInput);
    Example by_channel;
    const int reader = by_channel.network.graph.size() - 1;
    test::quantize_by_channel(by_channel.network.graph, by_channel.network.weights, reader,
                              by_channel.quantization, 1);
    CHECK_THROWS_AS(
        refine_scales(by_channel.network, by_channel.images, by_channel.targets, {}, by_channel.quantization),
        Unsupported);
}

}  // namespace
}  // namespace nibble::mmse
