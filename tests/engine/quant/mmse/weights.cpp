#include "engine/quant/mmse/weights.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/quant/diagnosis/relative_error.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::mmse {
namespace {

/// Laplace channels, each on a scale of its own: log-normal with sigma 0.7, as in papers.md 2.f.
Array<float> layer(const Shape& shape, std::uint32_t stream) {
    Array<float> weights(shape);
    const std::vector<float> values = test::laplace_values(weights.size(), stream),
                             scales = test::normal_values(shape[0], stream);
    const std::size_t n = weights.size() / shape[0];
    for (std::size_t i = 0; i < weights.size(); ++i)
        weights.data()[i] = values[i] * std::exp(0.7f * scales[i / n]);
    return weights;
}

double layer_error(const Array<float>& weights, const char* scheme, Solver solver) {
    return relative_error(weights, quantize_weights(weights, scheme_from(scheme), solver));
}

TEST_CASE("mmse weights: every scheme and solver gives valid weights with the error it reports") {
    std::uint32_t stream = 0;
    for (const char* name : {"s2-pc", "s3-pt", "s4-pc", "s4n-pc", "s4-pt", "s8-pc", "s8n-pt", "t-pc", "t-pt"})
        for (const Shape& shape : {Shape{3, 7, 2, 3}, Shape{5, 8}, Shape{4, 3, 1, 1}, Shape{1, 1}})
            for (const Solver solver : kSolvers) {
                const Array<float> weights = layer(shape, ++stream);
                const QuantizedWeights w = quantize_weights(weights, scheme_from(name), solver);
                CAPTURE(name);
                CHECK_NOTHROW(check(w, "layer"));
                const std::size_t sharing = weights.size() / w.steps.size();
                double error = 0, norm = 0;
                for (std::size_t s = 0; s < w.steps.size(); ++s) {
                    const Distribution t(std::span<const float>(weights.data() + s * sharing, sharing));
                    const Scale scale = solve(t, codes_of(w.scheme), solver, Signs::both);
                    CHECK(w.steps[s] == scale.alpha);
                    error += scale.error;
                    norm += t.squared_norm().value();
                }
                // values() are rounded to floats, which moves W^ by at most r ||W^|| <= r (1 + sqrt(e)) ||W||
                const double e = error / norm, r = 0x1p-24 * (1 + std::sqrt(e));
                CHECK(std::abs(relative_error(weights, w) - e) <= (2 * std::sqrt(e) + r) * r + 1e-15);
            }
}

TEST_CASE("mmse weights: the layer of papers.md 2.f") {
    // One draw of 64 channels of 576: the figures there are of another one, so they are met roughly.
    const Array<float> weights = layer({64, 64, 3, 3}, 2024);
    const auto meets = [&](const char* scheme, Solver solver, double figure, double tolerance) {
        const double error = layer_error(weights, scheme, solver);
        CAPTURE(scheme);
        CAPTURE(to_string(solver));
        CHECK(error == doctest::Approx(figure).epsilon(tolerance));
        return error;
    };
    const double tensor_max_abs = meets("s4-pt", Solver::max_abs, 0.253, 0.25),
                 tensor = meets("s4-pt", Solver::exact, 0.083, 0.25),
                 channel_max_abs = meets("s4-pc", Solver::max_abs, 0.0329, 0.16),
                 channel_grid = meets("s4-pc", Solver::grid, 0.0196, 0.12),
                 channel_alternating = meets("s4-pc", Solver::alternating, 0.0199, 0.12),
                 channel_golden = layer_error(weights, "s4-pc", Solver::golden_section),
                 channel = layer_error(weights, "s4-pc", Solver::exact),
                 eight_bits = meets("s8-pc", Solver::exact, 0.99e-4, 0.16);
    MESSAGE("per tensor: max-abs " << tensor_max_abs << ", exact " << tensor << "; per channel: max-abs "
                                   << channel_max_abs << ", alternating " << channel_alternating << ", grid "
                                   << channel_grid << ", golden section " << channel_golden << ", exact "
                                   << channel << ", 8 bits " << eight_bits);
    CHECK(tensor < tensor_max_abs);
    CHECK(channel < channel_alternating);
    CHECK(channel_grid < 1.001 * channel);
    CHECK(channel_golden < 1.001 * channel);
    CHECK(channel_alternating < 1.03 * channel);
}

TEST_CASE(
    "mmse weights: a channel's result depends on nothing but the channel, nor on the number of threads") {
    const Array<float> weights = layer({6, 5, 3, 3}, 31);
    const int before = threads();
    set_threads(1);
    const QuantizedWeights one = quantize_weights(weights, scheme_from("s4-pc"));
    set_threads(3);
    const QuantizedWeights three = quantize_weights(weights, scheme_from("s4-pc"));
    set_threads(before);
    CHECK(one.codes == three.codes);
    CHECK(one.steps == three.steps);
    for (std::size_t o = 0; o < 6; ++o) {
        Array<float> channel(Shape{1, 5, 3, 3});
        std::copy_n(weights.data() + o * 45, 45, channel.data());
        const QuantizedWeights alone = quantize_weights(channel, scheme_from("s4-pc"));
        CHECK(alone.steps[0] == one.steps[o]);
        CHECK(std::equal(alone.codes.begin(), alone.codes.end(),
                         one.codes.begin() + static_cast<long>(o * 45)));
    }
}

TEST_CASE("mmse weights: channel-wise is never worse than tensor-wise") {
    for (std::uint32_t stream = 0; stream < 20; ++stream)
        for (int bits = 2; bits <= 8; ++bits) {
            const Array<float> weights = layer({4, 3, 3, 3}, 100 + stream);
            const std::string s = "s" + std::to_string(bits);
            CHECK(layer_error(weights, (s + "-pc").c_str(), Solver::exact) <=
                  layer_error(weights, (s + "-pt").c_str(), Solver::exact) * (1 + 1e-6));
        }
}

TEST_CASE("mmse weights: quantizing the values again changes nothing") {
    for (const char* name : {"s4-pc", "s8-pt", "s2-pc", "t-pc"}) {
        const QuantizedWeights once = quantize_weights(layer({4, 3, 3, 3}, 200), scheme_from(name));
        const QuantizedWeights twice = quantize_weights(once.values(), scheme_from(name));
        CHECK(relative_error(once.values(), twice) < 1e-13);
    }
}

// Why a smaller error can make a worse network: at the optimum <W, W^> = ||W^||^2.
TEST_CASE("mmse weights: the optimum is shorter than the weights, by the error; max-abs is not") {
    const Array<float> weights = layer({16, 32, 3, 3}, 350);
    const auto sums = [&](const QuantizedWeights& w) {
        const Array<float> values = w.values();
        double product = 0, energy = 0, norm = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const double x = weights.data()[i], y = values.data()[i];
            product += x * y, energy += y * y, norm += x * x;
        }
        return std::pair{product / norm, energy / norm};
    };
    for (const char* name : {"s3-pc", "s4-pc", "s3-pt"}) {
        const QuantizedWeights best = quantize_weights(weights, scheme_from(name));
        const auto [product, energy] = sums(best);
        const double error = relative_error(weights, best);
        CHECK(energy == doctest::Approx(1 - error).epsilon(1e-5));
        CHECK(product == doctest::Approx(energy).epsilon(1e-5));
        const auto widest = sums(quantize_weights(weights, scheme_from(name), Solver::max_abs));
        CHECK(widest.second > 1);
    }
}

TEST_CASE("mmse weights: a channel of zeros, and nothing but zeros") {
    for (const Solver solver : kSolvers) {
        Array<float> weights = layer({3, 7, 2, 3}, 300);
        std::fill_n(weights.data() + 42, 42, -0.0f);
        QuantizedWeights w = quantize_weights(weights, scheme_from("s4-pc"), solver);
        CHECK_NOTHROW(check(w, "layer"));
        CHECK(w.steps[1] == 0);
        CHECK(w.steps[0] != 0);
        CHECK(std::all_of(w.codes.begin() + 42, w.codes.begin() + 84, [](int code) { return code == 0; }));
        weights.fill(0);
        for (const char* name : {"s4-pc", "s4-pt"}) {
            w = quantize_weights(weights, scheme_from(name), solver);
            CHECK_NOTHROW(check(w, "layer"));
            for (float v : w.values()) CHECK(v == 0);
        }
    }
}

TEST_CASE("mmse weights: what cannot be quantized is refused") {
    Array<float> weights = layer({2, 3}, 400);
    for (const char* name : {"s4x2-pc", "u4-pc", "s4-g2"})
        CHECK_THROWS_WITH_AS(quantize_weights(weights, scheme_from(name)), doctest::Contains("signed"),
                             BadInput);
    CHECK_THROWS_AS(quantize_weights(weights, Scheme{.bits = 9}), BadInput);
    CHECK_THROWS_AS(quantize_weights(Array<float>(Shape{0, 3}), scheme_from("s4-pc")), BadInput);
    for (float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        weights.data()[4] = bad;
        CHECK_THROWS_WITH_AS(quantize_weights(weights, scheme_from("s4-pc")), doctest::Contains("finite"),
                             BadInput);
    }
}

}  // namespace
}  // namespace nibble::mmse
