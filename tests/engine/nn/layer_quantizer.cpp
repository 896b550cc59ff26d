// Fake quantization inside a network against the stated rules, computed again in double precision: forward,
// the straight-through gradients with their clipping, and sums that floats do not hold.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/rng.hpp"
#include "engine/nn/network.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

constexpr int kSize = 4, kIn = 3, kMiddle = 5, kOut = 4, kClasses = 3;

/// Quantizes the layer "middle" by given steps; the layers beside it stay float.
class Middle : public LayerQuantizer, public NetworkQuantizer {
  public:
    InputCodes input_codes;
    float weight_step = 0.25f;
    float code_shift = 0;  ///< 1/2: codes are half-integers

    void encode(const Array<float>& weights, WeightCodes& to) const override {
        to.units.assign(weights.shape()[0], static_cast<double>(weight_step) * unit_of_input());
        to.codes.clear();
        to.values.clear();
        for (const float w : weights) {
            to.codes.push_back(std::nearbyint(w / weight_step - code_shift) + code_shift);
            to.values.push_back(to.codes.back() * weight_step);
        }
    }
    const InputCodes* input() const override { return &input_codes; }

    LayerQuantizer* layer(const std::string& name) override { return name == "middle" ? this : nullptr; }
    void finish_part(int) override {}
    void finish_step(std::size_t) override {}
    std::map<std::string, Array<float>> state() const override { return {}; }
    void set_state(const std::map<std::string, Array<float>>&) override {}
    std::string identity() const override { return "middle"; }

    double unit_of_input() const { return input_codes.steps[0]; }
};

/// Windows of powers of two, so that the recomputation knows them exactly.
Middle quantizer(bool positive) {
    Middle q;
    q.input_codes.multipliers.assign(kMiddle, 4.0f);
    q.input_codes.steps.assign(kMiddle, 0.25f);
    q.input_codes.lowest = positive ? 0.0f : -3.0f;
    q.input_codes.highest = 3.0f;
    q.input_codes.rounding = positive ? Rounding::floor : Rounding::half_up;
    q.input_codes.floored = positive;
    q.input_codes.at_bounds = positive ? 0.5f : 1.0f;
    return q;
}

using Image = std::vector<double>;  // [h][w][c]

/// A 3x3 convolution with padding 1; weights [o][i][3][3].
Image convolve(const Image& x, int in, const std::vector<double>& w, int out) {
    Image y(kSize * kSize * out, 0.0);
    for (int r = 0; r < kSize; ++r)
        for (int c = 0; c < kSize; ++c)
            for (int o = 0; o < out; ++o)
                for (int kh = 0; kh < 3; ++kh)
                    for (int kw = 0; kw < 3; ++kw) {
                        const int row = r + kh - 1, col = c + kw - 1;
                        if (row < 0 || row >= kSize || col < 0 || col >= kSize) continue;
                        for (int i = 0; i < in; ++i)
                            y[(r * kSize + c) * out + o] +=
                                x[(row * kSize + col) * in + i] * w[((o * in + i) * 3 + kh) * 3 + kw];
                    }
    return y;
}

/// The gradients of its weights and its input.
void convolve_backward(const Image& x, int in, const std::vector<double>& w, const Image& dy, int out,
                       std::vector<double>& dw, Image& dx) {
    dw.assign(w.size(), 0.0);
    dx.assign(x.size(), 0.0);
    for (int r = 0; r < kSize; ++r)
        for (int c = 0; c < kSize; ++c)
            for (int o = 0; o < out; ++o)
                for (int kh = 0; kh < 3; ++kh)
                    for (int kw = 0; kw < 3; ++kw) {
                        const int row = r + kh - 1, col = c + kw - 1;
                        if (row < 0 || row >= kSize || col < 0 || col >= kSize) continue;
                        for (int i = 0; i < in; ++i) {
                            const double g = dy[(r * kSize + c) * out + o];
                            const int k = ((o * in + i) * 3 + kh) * 3 + kw;
                            dw[k] += g * x[(row * kSize + col) * in + i];
                            dx[(row * kSize + col) * in + i] += g * w[k];
                        }
                    }
}

std::vector<double> doubles(const Array<float>& values) {
    return {values.begin(), values.end()};
}

bool near(const std::vector<double>& a, const Array<float>& b, double tolerance) {
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        worst = std::max(worst, std::abs(a[i] - static_cast<double>(b.data()[i])));
        largest = std::max(largest, std::abs(a[i]));
    }
    CHECK(largest > 0);
    return worst <= tolerance * largest;
}

}  // namespace

TEST_CASE("forward and straight-through gradients follow the stated rules") {
    for (const bool positive : {true, false}) {
        CAPTURE(positive);
        // front -> (ReLU) -> middle, quantized -> linear over everything: dy of middle is the linear layer's.
        Graph graph;
        int x = graph.conv(graph.input({kSize, kSize, kIn}), "front", kMiddle, {3, 3, 1, 1});
        if (positive) x = graph.relu(x);
        x = graph.conv(x, "middle", kOut, {3, 3, 1, 1});
        graph.linear(graph.global_pool(x), "linear", kClasses, false);
        Weights weights = test::random_weights(graph, 4), gradients = weights;
        Middle q = quantizer(positive);
        Network network(graph, Numerics::f32, Network::Mode::training, 1, weights, gradients, &q);

        // Values on a coarse grid, so that many lie exactly on the bounds of bins.
        for (float& w : weights.at("front.weight")) w = std::nearbyint(w * 8) / 8;
        network.update_weights();
        std::vector<float> image = test::random_images(graph.input_dims(), 1, 3);
        for (float& v : image) v = std::nearbyint(v * 2) / 2;
        network.forward(image);
        const std::vector<float> seed = {0.5f, -1.0f, 0.25f};
        network.backward(seed);

        const auto front = doubles(weights.at("front.weight")), linear = doubles(weights.at("linear.weight"));
        std::vector<double> middle = doubles(weights.at("middle.weight"));
        for (double& w : middle) w = std::nearbyint(w / 0.25) * 0.25;
        const Image input(image.begin(), image.end());
        const Image y = convolve(input, kIn, front, kMiddle);
        Image code_values, factor;
        int clipped = 0, halved = 0;
        for (double v : y) {
            const double relu_mask = positive && v <= 0 ? 0.0 : 1.0;
            if (positive) v = std::max(v, 0.0);
            const double t = 4 * v;
            if (positive) {
                const double f = std::floor(t);
                code_values.push_back(std::min(std::max(f, 0.0), 3.0) / 4);
                factor.push_back(relu_mask * (f > 3 ? 0.0 : f == 0 || f == 3 ? 0.5 : 1.0));
                halved += factor.back() == 0.5;
            } else {
                code_values.push_back(std::floor(std::min(std::max(t, -3.0), 3.0) + 0.5) / 4);
                factor.push_back(t < -3 || t > 3 ? 0.0 : 1.0);
            }
            clipped += factor.back() == 0.0;
        }
        CHECK(clipped > 3);
        CHECK((halved > 3) == positive);

        const Image z = convolve(code_values, kMiddle, middle, kOut);
        std::vector<double> logits(kClasses, 0.0);
        Image dz(z.size());
        for (int k = 0; k < kClasses; ++k)
            for (std::size_t i = 0; i < z.size(); ++i)
                logits[k] += linear[k * kOut + i % kOut] * z[i] / (kSize * kSize);
        for (std::size_t i = 0; i < z.size(); ++i)
            for (int k = 0; k < kClasses; ++k)
                dz[i] += static_cast<double>(seed[k]) * linear[k * kOut + i % kOut] / (kSize * kSize);
        for (int k = 0; k < kClasses; ++k)
            CHECK(static_cast<double>(network.logits(0)[k]) == doctest::Approx(logits[k]).epsilon(1e-5));

        std::vector<double> d_middle, d_front;
        Image d_codes, d_input;
        convolve_backward(code_values, kMiddle, middle, dz, kOut, d_middle, d_codes);
        for (std::size_t i = 0; i < d_codes.size(); ++i) d_codes[i] *= factor[i];
        convolve_backward(input, kIn, front, d_codes, kMiddle, d_front, d_input);
        CHECK(near(d_middle, gradients.at("middle.weight"), 1e-5));
        CHECK(near(d_front, gradients.at("front.weight"), 1e-5));
    }
}

namespace {
/// The largest of two sums of `channels` products of codes, and of half-integers where shift is 1/2.
double check_large_sums(int channels, float shift) {
    Graph graph;
    int x = graph.conv(graph.input({1, 1, 1}), "front", channels, {1, 1, 1, 0});
    x = graph.conv(x, "middle", 2, {1, 1, 1, 0});
    graph.linear(x, "linear", 2, false);
    Weights weights = test::random_weights(graph, 4), gradients = weights;
    Middle q = quantizer(false);
    q.input_codes.multipliers.assign(static_cast<std::size_t>(channels), 1.0f);
    q.input_codes.steps.assign(static_cast<std::size_t>(channels), 1.0f);
    q.input_codes.lowest = -255.0f;
    q.input_codes.highest = 255.0f;
    q.weight_step = 1.0f;
    q.code_shift = shift;
    Random random(3, Purpose::test, 0, 0);
    double expected[2] = {};
    for (int c = 0; c < channels; ++c) {
        const int code = 200 + static_cast<int>(random.below(56));
        weights.at("front.weight").data()[c] = static_cast<float>(code);
        for (int o = 0; o < 2; ++o) {
            const float w = 100 + static_cast<float>(random.below(27)) + shift;
            weights.at("middle.weight").data()[o * channels + c] = w;
            expected[o] += static_cast<double>(code) * static_cast<double>(w);
        }
    }
    for (int k = 0; k < 2; ++k)
        for (int o = 0; o < 2; ++o) weights.at("linear.weight").data()[k * 2 + o] = k == o ? 1.0f : 0.0f;
    Network network(graph, Numerics::f32, Network::Mode::evaluation, 1, weights, gradients, &q);
    const float one[] = {1.0f};
    float logits[2];
    network.infer(one, logits, 0);
    for (int o = 0; o < 2; ++o) CHECK(logits[o] == static_cast<float>(expected[o]));
    return std::max(expected[0], expected[1]);
}
}  // namespace

TEST_CASE("large sums of codes are those of integers, of half-integers, too") {
    CHECK(check_large_sums(700, 0.0f) > 1 << 24);
    CHECK(check_large_sums(700, 0.5f) > 1 << 24);
    const double between = check_large_sums(400, 0.5f);  // floats hold no halves there
    CHECK((between > 1 << 23 && between < 1 << 24));
}

}  // namespace nibble
