#include "engine/quant/fgq/weights.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>

#include "engine/core/error.hpp"
#include "engine/quant/diagnosis/relative_error.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::fgq {
namespace {

/// Each output channel on a scale of its own, by a power of two.
Array<float> layer(const Shape& shape, std::uint32_t stream) {
    Array<float> weights(shape);
    const std::vector<float> values = test::laplace_values(weights.size(), stream);
    const std::size_t per_output = values.size() / shape[0];
    for (std::size_t i = 0; i < values.size(); ++i)
        weights.data()[i] = std::ldexp(values[i], static_cast<int>(i / per_output * 5 % 11) - 8);
    return weights;
}

const Shape kShapes[] = {{3, 7, 2, 3}, {5, 8}, {4, 3, 1, 1}, {1, 1, 3, 3}, {6, 16, 3, 3}, {2, 70}};
const int kSizes[] = {2, 3, 4, 8, 64};

/// Indices of the weights of each group, from the definition alone.
std::map<std::size_t, std::vector<std::size_t>> members(const QuantizedWeights& w) {
    std::map<std::size_t, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < w.codes.size(); ++i) groups[w.multiplier_index(i)].push_back(i);
    return groups;
}

TEST_CASE("ternary weights: valid, and each group has the codes of its own optimum") {
    std::uint32_t stream = 0;
    for (const Rule rule : kRules)
        for (int size : kSizes)
            for (const Shape& shape : kShapes) {
                const Array<float> weights = layer(shape, ++stream);
                const QuantizedWeights w = ternary_weights(weights, size, rule);
                CHECK_NOTHROW(check(w, "layer"));
                CHECK(to_string(w.scheme) == "t-g" + std::to_string(size));
                std::vector<int> largest(shape[0], 0);
                std::size_t number = 0;
                std::vector<std::vector<float>> visited;
                for_each_group(weights, size,
                               [&](std::span<const float> g) { visited.emplace_back(g.begin(), g.end()); });
                for (const auto& [place, indices] : members(w)) {
                    REQUIRE(place == number);
                    std::vector<float> values, magnitudes;
                    for (std::size_t i : indices) {
                        values.push_back(weights.data()[i]);
                        magnitudes.push_back(std::abs(weights.data()[i]));
                    }
                    CHECK(values == visited[number++]);
                    const Ternary t = ternarize(rule, magnitudes);
                    const std::size_t o = indices.front() / (weights.size() / shape[0]);
                    const double step = w.step(o), m = w.multipliers[place];
                    const bool dropped = t.scale < step / 2 * 1.000001;
                    if (!dropped) CHECK(std::abs(m * step - t.scale) <= 0.500001 * step);
                    for (std::size_t j = 0; j < indices.size(); ++j) {
                        const bool chosen = static_cast<double>(std::abs(values[j])) >= t.threshold;
                        const int code = !chosen || dropped ? 0 : values[j] > 0 ? 1 : -1;
                        CHECK(w.codes[indices[j]] == code);
                    }
                    largest[o] = std::max(largest[o], static_cast<int>(m));
                }
                for (int m : largest) CHECK(m == 127);
            }
}

TEST_CASE("ternary weights: scales in 8 bits cost next to nothing beside real ones") {
    for (int size : kSizes) {
        const Array<float> weights = layer({16, 64, 3, 3}, 77);
        // Of each channel by its own norm, so that all of them count.
        double real = 0;
        std::vector<double> errors(16, 0.0), norms(16, 0.0);
        std::size_t number = 0;
        const std::size_t per_output = groups_of(64, size) * 9;
        for_each_group(weights, size, [&](std::span<const float> group) {
            const std::size_t o = number++ / per_output;
            std::vector<float> magnitudes;
            for (float w : group) magnitudes.push_back(std::abs(w));
            const Ternary t = ternarize(Rule::exact, magnitudes);
            for (float m : magnitudes) {
                const double d =
                    static_cast<double>(m) - (static_cast<double>(m) >= t.threshold ? t.scale : 0);
                errors[o] += d * d;
                norms[o] += static_cast<double>(m) * static_cast<double>(m);
            }
        });
        for (std::size_t o = 0; o < 16; ++o) real += errors[o] / norms[o] / 16;
        double fixed = 0;
        for (double error : relative_errors(weights, ternary_weights(weights, size))) fixed += error / 16;
        CAPTURE(size);
        CHECK(fixed >= real);
        CHECK(fixed <= real + 0.0005);
    }
}

TEST_CASE("ternary weights: the exact rule is nowhere worse than the others") {
    for (int size : kSizes)
        for (std::uint32_t stream = 0; stream < 20; ++stream) {
            const Array<float> weights = layer({8, 32, 3, 3}, stream);
            const double exact = relative_error(weights, ternary_weights(weights, size, Rule::exact));
            for (const Rule rule : {Rule::twn, Rule::exponential})
                CHECK(exact <= relative_error(weights, ternary_weights(weights, size, rule)) + 1e-6);
        }
}

TEST_CASE("ternary weights: quantizing the values again changes nothing") {
    for (int size : kSizes)
        for (const Shape& shape : kShapes) {
            const QuantizedWeights once = ternary_weights(layer(shape, 5), size);
            const QuantizedWeights twice = ternary_weights(once.values(), size);
            CHECK(twice.codes == once.codes);
            for (std::size_t i = 0; i < once.codes.size(); ++i)  // of groups of zeros multipliers are free
                CHECK(twice.product_of(i) == once.product_of(i));
            for (std::size_t o = 0; o < once.steps.size(); ++o)
                CHECK(twice.steps[o] == doctest::Approx(once.steps[o]).epsilon(1e-6));
        }
}

TEST_CASE("ternary weights: a factor for each output channel is taken by its step alone") {
    for (const Rule rule : kRules) {
        const Array<float> weights = layer({5, 7, 2, 3}, 9);
        Array<float> scaled = weights;
        for (std::size_t i = 0; i < scaled.size(); ++i)
            scaled.data()[i] *= std::ldexp(i / 42 % 2 ? -1.0f : 1.0f, static_cast<int>(i / 42) - 2);
        const QuantizedWeights a = ternary_weights(weights, 4, rule), b = ternary_weights(scaled, 4, rule);
        CHECK(a.multipliers == b.multipliers);
        for (std::size_t i = 0; i < a.codes.size(); ++i)
            CHECK(b.codes[i] == (i / 42 % 2 ? -a.codes[i] : a.codes[i]));
        for (std::size_t o = 0; o < 5; ++o)
            CHECK(b.steps[o] == std::ldexp(a.steps[o], static_cast<int>(o) - 2));
    }
}

TEST_CASE("ternary weights: zeros, tiny and huge values") {
    Array<float> weights = layer({3, 6, 3, 3}, 11);
    std::fill_n(weights.data() + 54, 54, 0.0f);
    for (std::size_t i = 108; i < 162; ++i) weights.data()[i] *= 1e-36f;
    QuantizedWeights w = ternary_weights(weights, 4);
    CHECK_NOTHROW(check(w, "layer"));
    CHECK(w.steps[1] == 0);
    CHECK(density(w) > 0.3);
    CHECK(density(w) < 0.7);
    for (float& v : weights) v = v > 0 ? 3e38f : -3e38f;
    w = ternary_weights(weights, 4);
    CHECK_NOTHROW(check(w, "layer"));
    CHECK(relative_error(weights, w) < 1e-9);
    weights.fill(-0.0f);
    w = ternary_weights(weights, 4);
    CHECK_NOTHROW(check(w, "layer"));
    CHECK(density(w) == 0);
}

TEST_CASE("ternary weights: a group that its channel dwarfs gets zeros") {
    Array<float> weights(Shape{1, 4});
    const float values[] = {1, -1, 0.0039f, 0.0039f};
    std::copy_n(values, 4, weights.data());
    QuantizedWeights w = ternary_weights(weights, 2);
    CHECK(w.codes == std::vector<std::int8_t>{1, -1, 0, 0});
    weights.data()[2] = weights.data()[3] = 0.00395f;  // more than 0.5 / 127
    w = ternary_weights(weights, 2);
    CHECK(w.codes == std::vector<std::int8_t>{1, -1, 1, 1});
    CHECK(w.multipliers == std::vector<std::uint8_t>{127, 1});
}

TEST_CASE("ternary weights: what cannot be quantized is refused") {
    Array<float> weights = layer({2, 6}, 12);
    CHECK_THROWS_AS(ternary_weights(weights, 1), BadInput);
    CHECK_THROWS_AS(ternary_weights(Array<float>(Shape{4}), 2), BadInput);
    CHECK_THROWS_AS(ternary_weights(Array<float>(Shape{0, 4}), 2), BadInput);
    for (float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        weights.data()[4] = bad;
        CHECK_THROWS_AS(ternary_weights(weights, 2), BadInput);
    }
}

}  // namespace
}  // namespace nibble::fgq
