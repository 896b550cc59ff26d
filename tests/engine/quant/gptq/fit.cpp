#include "engine/quant/gptq/fit.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/gptq/layers.hpp"
#include "engine/quant/mmse/activations.hpp"
#include "engine/quant/mmse/weights.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble::gptq {
namespace {

constexpr std::size_t kImages = 40;

struct Example {
    FoldedNetwork network;
    std::vector<float> images;

    Example(Graph graph, std::size_t n) : network{std::move(graph), {}, {}} {
        network.weights = test::random_weights(network.graph, 5);
        images = test::random_images(network.graph.input_dims(), n, 5);
    }
    std::vector<float> image(std::size_t i, float times) const {
        const std::size_t size = network.graph.input_dims().size();
        std::vector<float> x(size);
        for (std::size_t k = 0; k < size; ++k) x[k] = times * images[i * size + k];
        return x;
    }
    /// Node 1 fitted to its own outputs, from inputs so many times as large.
    Array<float> fitted(float times) const {
        const Graph& g = network.graph;
        const Quantization floats;
        Array<float> result;
        BesideFloats beside;
        beside.prepare = [&](int layer, const Operand&, const Target& target) {
            if (layer != 1) return;
            const auto inputs = [&](std::size_t i) { return image(i, times); };
            result = fit(network.weights.at(g[layer].name + ".weight"),
                         regression_of(g, layer, kImages, inputs, target));
        };
        beside.decide = [&](int layer, const Moments&, const Moments&) {
            return unchanged(g, network.weights, layer);
        };
        run_beside_floats(g, network.weights, floats, images, beside);
        return result;
    }
};

Graph one_layer(bool bias, int groups) {
    Graph g;
    g.linear(g.global_pool(g.conv(g.input({4, 4, 6}), "a", 6, {3, 3, 1, 1}, bias, groups)), "end", 2);
    return g;
}

TEST_CASE("fit: inputs as the float network has them leave the weights, whatever the groups") {
    for (const bool bias : {false, true})
        for (const int groups : {1, 2, 6}) {
            CAPTURE(groups);
            const Example e(one_layer(bias, groups), kImages);
            const Array<float>& w = e.network.weights.at("a.weight");
            const Array<float> fitted = e.fitted(1);
            for (std::size_t i = 0; i < w.size(); ++i)
                CHECK(fitted.data()[i] == doctest::Approx(w.data()[i]).epsilon(1e-4));
        }
}

TEST_CASE("fit: by hand, with one weight") {
    // H = sum x^2 and r = H: w' = (w <y, x> + H w) / 2 H with x half as large as for y = w x, so w' = (2 w + w) / 2.
    Graph g;
    g.linear(g.global_pool(g.conv(g.input({4, 4, 1}), "a", 1, {1, 1}, false)), "end", 2);
    const Example e(g, kImages);
    CHECK(e.fitted(0.5f).data()[0] == doctest::Approx(1.5f * e.network.weights.at("a.weight").data()[0]));
}

TEST_CASE("fit: sizes that do not fit are refused") {
    Regression r{{1, 2, std::vector<double>(4, 1.0)}, 3, std::vector<double>(6)};
    CHECK_THROWS_WITH_AS(fit(Array<float>(Shape{3, 3}), r), doctest::Contains("weights"), BadInput);
}

Graph deep_network() {
    Graph g;
    int x = g.input({9, 8, 3});
    x = g.relu(g.conv(x, "a", 12, {3, 3, 1, 1}, true));
    x = g.relu(g.conv(x, "b", 12, {3, 3, 1, 1}, true, 12));
    x = g.relu(g.conv(x, "c", 16, {1, 1}, true, 4));
    x = g.relu(g.conv(x, "d", 16, {3, 3, 2, 1}, true));
    g.linear(g.global_pool(x), "e", 5);
    return g;
}

struct Rounded {
    FoldedNetwork network;
    Quantization quantization;
};

enum class Way { gptq, fit, fit_channels };

Rounded rounded(const Example& e, Way way) {
    const auto codes = [](int, const Array<float>& w) {
        return mmse::quantize_weights(w, scheme_from("s3-pc"), mmse::Solver::exact);
    };
    Rounded r{e.network, {}};
    r.quantization = test::quantize(e.network, {.weights = scheme_from("s3-pc"), .activation_bits = 4}, 5);
    for (auto& [name, layer] : r.quantization.layers)
        layer = codes(0, e.network.weights.at(name + ".weight"));
    if (way == Way::gptq)
        round_layers(r.network, e.images, r.quantization);
    else
        fit_layers(r.network, e.images, codes, r.quantization,
                   way == Way::fit ? nullptr : QuantizeChannels(mmse::quantize_channels));
    return r;
}

std::vector<float> logits(const Example& e, const Rounded& r) {
    std::vector<float> result(kImages * 5);
    IntegerExecutor(lower(r.network.graph, r.network.weights, r.quantization)).logits(e.images, result);
    return result;
}

std::vector<float> float_logits(const Example& e) {
    std::vector<float> floats(kImages * 5);
    Predictor(e.network.graph, e.network.weights, Numerics::f32).logits(e.images, floats);
    return floats;
}

double squared_error(const std::vector<float>& values, const std::vector<float>& floats) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double d = static_cast<double>(values[i]) - static_cast<double>(floats[i]);
        sum += d * d;
    }
    return sum;
}

TEST_CASE("fit of a network: executed as integers, it is nearer to the float network than GPTQ") {
    const Example e(deep_network(), kImages);
    const std::vector<float> floats = float_logits(e);
    const auto error = [&](const std::vector<float>& values) { return squared_error(values, floats); };
    const Rounded r = rounded(e, Way::fit);
    const std::vector<float> fitted = logits(e, r);
    CHECK(error(fitted) < 0.7 * error(logits(e, rounded(e, Way::gptq))));
    for (std::size_t c = 0; c < 5; ++c) {  // biases bring the means back
        double mean = 0;
        for (std::size_t i = c; i < fitted.size(); i += 5)
            mean += static_cast<double>(fitted[i]) - static_cast<double>(floats[i]);
        CHECK(std::abs(mean) < 1e-4 * kImages);
    }
    for (const auto& [name, layer] : r.quantization.layers)
        CHECK(r.network.weights.at(name + ".weight") != e.network.weights.at(name + ".weight"));
}

TEST_CASE("fit of a network: scales by channel where channels are of different size") {
    Example e(deep_network(), kImages);
    Weights& w = e.network.weights;
    for (std::size_t c = 0; c < 12; ++c) {  // "b" has a group for each channel of "a"
        const float times = static_cast<float>(1 << c % 6);
        for (std::size_t i = 0; i < 27; ++i) w.at("a.weight").data()[c * 27 + i] *= times;
        w.at("a.bias").data()[c] *= times;
        for (std::size_t i = 0; i < 9; ++i) w.at("b.weight").data()[c * 9 + i] /= times;
    }
    const std::vector<float> floats = float_logits(e);
    const Rounded by_channel = rounded(e, Way::fit_channels);
    CHECK(squared_error(logits(e, by_channel), floats) <
          0.5 * squared_error(logits(e, rounded(e, Way::fit)), floats));
    for (const auto& [edge, quantizer] : by_channel.quantization.edges)
        CHECK(quantizer.by_channel() == (edge.operand == 0 && edge.reader != 1));
    const auto multipliers = [&](int reader) {
        return by_channel.quantization.edges.at({reader, 0}).multipliers;
    };
    CHECK(multipliers(3)[0] / multipliers(3)[5] == doctest::Approx(32).epsilon(0.6));
}

TEST_CASE("fit of a network: the same bits for any number of threads") {
    const int before = threads();
    const Example e(deep_network(), kImages);
    set_threads(1);
    const Rounded one = rounded(e, Way::fit_channels);
    set_threads(4);
    const Rounded four = rounded(e, Way::fit_channels);
    set_threads(before);
    for (const auto& [name, layer] : one.quantization.layers) {
        CHECK(layer.codes == four.quantization.layers.at(name).codes);
        CHECK(layer.steps == four.quantization.layers.at(name).steps);
        CHECK(one.network.weights.at(name + ".bias") == four.network.weights.at(name + ".bias"));
    }
}

}  // namespace
}  // namespace nibble::gptq
