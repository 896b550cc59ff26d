#include "engine/quant/maxabs/maxabs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "engine/nn/fusion.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

/// Normally distributed, each channel and each pair of inputs on a scale of its own.
Array<float> random_array(const Shape& shape, std::uint32_t stream) {
    Random random(4, Purpose::test, 0, stream);
    Array<float> values(shape);
    const std::size_t per_output = values.size() / shape[0], per_input = per_output / shape[1];
    for (std::size_t o = 0; o < shape[0]; ++o) {
        const float channel = std::ldexp(1.0f, static_cast<int>(random.below(9)) - 6);
        float input = 1;
        for (std::size_t i = 0; i < per_output; ++i) {
            if (i % (2 * per_input) == 0) input = 0.01f + random.uniform();
            values.data()[o * per_output + i] = channel * input * random.normal();
        }
    }
    return values;
}

/// Everything that shares a scale, by a name of it.
std::map<std::string, std::vector<std::size_t>> sharing(const Scheme& scheme, const Shape& shape) {
    std::map<std::string, std::vector<std::size_t>> sets;
    const std::size_t taps = shape.size() == 4 ? shape[2] * shape[3] : 1;
    for (std::size_t i = 0; i < count(shape); ++i) {
        const std::size_t tap = i % taps, input = i / taps % shape[1], output = i / taps / shape[1];
        std::string name = "all";
        if (scheme.granularity != Granularity::tensor) name = std::to_string(output);
        if (scheme.granularity == Granularity::group)
            name += "/" + std::to_string(input / static_cast<std::size_t>(scheme.group)) + "/" +
                    std::to_string(tap);
        sets[name].push_back(i);
    }
    return sets;
}

const char* const kSchemes[] = {"s8-pt", "s8n-pt", "s8n-pc", "s4-pc", "s4n-pc", "s3-pc", "s2-pc",  "t-pt",
                                "t-pc",  "s4-g2",  "s4n-g3", "t-g2",  "t-g3",   "t-g64", "s8n-g2", "s2-g4"};
const Shape kShapes[] = {{3, 7, 2, 3}, {5, 8}, {4, 3, 1, 1}, {1, 1, 3, 3}};

TEST_CASE("max-abs weights: nothing is clipped, errors are at most half a step") {
    std::uint32_t stream = 0;
    for (const char* name : kSchemes)
        for (const Shape& shape : kShapes) {
            const Scheme scheme = scheme_from(name);
            const Array<float> weights = random_array(shape, ++stream);
            const QuantizedWeights w = maxabs_weights(weights, scheme);
            CAPTURE(name);
            CAPTURE(to_string(shape));
            CHECK_NOTHROW(check(w, "layer"));
            const Array<float> values = w.values();
            const std::size_t per_output = values.size() / shape[0];
            for (const auto& [set, members] : sharing(scheme, shape))
                for (std::size_t i : members) {
                    const float multiplier =
                        w.multipliers.empty() ? 1.0f : w.multipliers[w.multiplier_index(i)];
                    const double step = w.step(i / per_output) * multiplier;
                    const double error = std::abs(static_cast<double>(values.data()[i]) - weights.data()[i]);
                    if (error > 0.5001 * step) FAIL_CHECK(set << ": error " << error << ", step " << step);
                }
        }
}

TEST_CASE("max-abs weights: the largest magnitude of what shares a step is the highest code") {
    std::uint32_t stream = 100;
    for (const char* name : kSchemes)
        for (const Shape& shape : kShapes) {
            const Scheme scheme = scheme_from(name);
            if (scheme.granularity == Granularity::group) continue;  // the multiplier need not be exact
            const Array<float> weights = random_array(shape, ++stream);
            const QuantizedWeights w = maxabs_weights(weights, scheme);
            CAPTURE(name);
            for (const auto& [set, members] : sharing(scheme, shape)) {
                float largest = 0;
                int code = 0;
                for (std::size_t i : members) {
                    largest = std::max(largest, std::abs(weights.data()[i]));
                    code = std::max(code, std::abs(static_cast<int>(w.codes[i])));
                }
                CHECK(code == scheme.highest());
                const float step = w.step(members.front() / (weights.size() / shape[0]));
                CHECK(step == largest / static_cast<float>(scheme.highest()));
            }
        }
}

TEST_CASE("max-abs weights: a group's multiplier is the smallest that clips nothing") {
    std::uint32_t stream = 200;
    for (const char* name : {"s4-g2", "s4n-g3", "t-g2", "t-g3"})
        for (const Shape& shape : kShapes) {
            const Scheme scheme = scheme_from(name);
            const Array<float> weights = random_array(shape, ++stream);
            const QuantizedWeights w = maxabs_weights(weights, scheme);
            const std::size_t per_output = weights.size() / shape[0];
            CAPTURE(name);
            const int room = 127 / std::max(-scheme.lowest(), scheme.highest());
            std::vector<int> largest(shape[0], 0);
            for (const auto& [set, members] : sharing(scheme, shape)) {
                const int m = w.multipliers[w.multiplier_index(members.front())];
                const std::size_t o = members.front() / per_output;
                double magnitude = 0;
                for (std::size_t i : members)
                    magnitude = std::max(magnitude, std::abs(double{weights.data()[i]}));
                const double reach = double{w.step(o)} * scheme.highest();
                CHECK(m * reach >= magnitude * 0.999999);
                if (m > 1) CHECK((m - 1) * reach <= magnitude * 1.000001);
                largest[o] = std::max(largest[o], m);
            }
            for (int m : largest) CHECK(m == room);
        }
}

TEST_CASE("max-abs weights: quantizing the values again gives the same codes") {
    std::uint32_t stream = 300;
    for (const char* name : kSchemes) {
        const Scheme scheme = scheme_from(name);
        if (scheme.granularity == Granularity::group) continue;  // other multipliers can give the same values
        for (const Shape& shape : kShapes) {
            const QuantizedWeights once = maxabs_weights(random_array(shape, ++stream), scheme);
            const QuantizedWeights twice = maxabs_weights(once.values(), scheme);
            CAPTURE(name);
            CHECK(twice.codes == once.codes);
            for (std::size_t s = 0; s < once.steps.size(); ++s)
                CHECK(twice.steps[s] == doctest::Approx(once.steps[s]).epsilon(1e-6));
        }
    }
}

TEST_CASE("max-abs weights: scaling the weights by a power of two scales the steps alone") {
    for (const char* name : kSchemes) {
        const Array<float> weights = random_array({3, 7, 2, 3}, 400);
        Array<float> scaled = weights;
        for (float& v : scaled) v *= -8;
        const Scheme scheme = scheme_from(name);
        const QuantizedWeights a = maxabs_weights(weights, scheme), b = maxabs_weights(scaled, scheme);
        CAPTURE(name);
        CHECK(a.multipliers == b.multipliers);
        for (std::size_t i = 0; i < a.codes.size(); ++i) CHECK(a.codes[i] == -b.codes[i]);
        for (std::size_t s = 0; s < a.steps.size(); ++s) CHECK(8 * a.steps[s] == b.steps[s]);
    }
}

TEST_CASE("max-abs weights: channels of zeros, and nothing but zeros") {
    for (const char* name : kSchemes) {
        Array<float> weights = random_array({3, 7, 2, 3}, 500);
        std::fill_n(weights.data() + 42, 42, 0.0f);
        const Scheme scheme = scheme_from(name);
        QuantizedWeights w = maxabs_weights(weights, scheme);
        CAPTURE(name);
        CHECK_NOTHROW(check(w, "layer"));
        for (std::size_t i = 42; i < 84; ++i) CHECK(w.codes[i] == 0);
        weights.fill(-0.0f);
        w = maxabs_weights(weights, scheme);
        CHECK_NOTHROW(check(w, "layer"));
        for (float v : w.values()) CHECK(v == 0);
    }
}

TEST_CASE("max-abs weights: what cannot be quantized is refused") {
    Array<float> weights = random_array({2, 3}, 600);
    CHECK_THROWS_AS(maxabs_weights(weights, scheme_from("s4x2-pc")), BadInput);
    CHECK_THROWS_AS(maxabs_weights(weights, Scheme{.bits = 9}), BadInput);
    CHECK_THROWS_WITH_AS(maxabs_weights(weights, scheme_from("s8-g2")),
                         doctest::Contains("multiplier per group"), BadInput);
    CHECK_THROWS_WITH_AS(maxabs_weights(weights, scheme_from("u4-pc")), doctest::Contains("signed"),
                         BadInput);
    for (float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        weights.data()[4] = bad;
        CHECK_THROWS_AS(maxabs_weights(weights, scheme_from("s8n-pc")), BadInput);
    }
}

TEST_CASE("max-abs activations: the range is covered, codes are signed only where they must be") {
    Random random(8, Purpose::test);
    for (int bits = 2; bits <= 8; ++bits)
        for (int round = 0; round < 200; ++round) {
            const ValueRange range{random.below(2) ? 0 : -3 * random.uniform(), 3 * random.uniform()};
            const Quantizer q = maxabs_activations(range, bits);
            CHECK(q.scheme.is_signed == (range.lowest < 0));
            CHECK(q.scheme.bits == bits);
            CHECK(std::max(std::abs(code_of(q, range.lowest)), code_of(q, range.highest)) ==
                  q.scheme.highest());
            for (int i = 0; i < 10; ++i) {
                const float x = range.lowest + (range.highest - range.lowest) * random.uniform();
                CHECK(std::abs(static_cast<float>(code_of(q, x)) * q.step - x) <= 0.5001f * q.step);
            }
        }
    CHECK(maxabs_activations({0, 0}, 8) == make_quantizer(scheme_from("u8-pt"), 1));
    CHECK_THROWS_AS(maxabs_activations({0, std::numeric_limits<float>::infinity()}, 8), BadInput);
    CHECK_THROWS_AS(maxabs_activations({0, 1}, 1), BadInput);
    CHECK_THROWS_AS(maxabs_activations({0, 1}, 9), BadInput);
}

TEST_CASE("max-abs: a whole network; first and last layer, inner layers and residuals at their own bits") {
    Graph g;
    int x = g.input({6, 6, 3});
    x = g.relu(g.conv(x, "first", 4, {}));
    const int inner = g.conv(x, "inner", 8, {});
    const int sum = g.add(inner, g.shortcut_a(x, 8, 1));
    const int last = g.linear(g.global_pool(sum), "last", 5);
    const FoldedNetwork folded = fold_batch_norm(g, test::random_weights(g, 1));
    const Quantization q =
        test::quantize(folded, {.weights = scheme_from("t-g2"), .activation_bits = 4, .residual_bits = 5}, 1);
    CHECK(to_string(q.layers.at("first").scheme) == "s8n-pc");
    CHECK(to_string(q.layers.at("inner").scheme) == "t-g2");
    CHECK(to_string(q.layers.at("last").scheme) == "s8n-pc");
    CHECK(q.layers.size() == 3);
    CHECK(to_string(q.edges.at({1, 0}).scheme) == "s8n-pt");
    CHECK(to_string(q.edges.at({inner, 0}).scheme) == "u4-pt");
    CHECK(to_string(q.edges.at({sum, 1}).scheme) == "u5-pt");
    CHECK(to_string(q.edges.at({last, 0}).scheme) == "s8n-pt");
    CHECK(q.edges.size() == 4);
}

}  // namespace
}  // namespace nibble
