#include "engine/quant/gptq/error_feedback.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/quant/mmse/weights.hpp"

namespace nibble::gptq {
namespace {

/// Row by row: a symmetric matrix.
using Square = std::vector<std::vector<double>>;

Array<float> some_weights(std::size_t outputs, std::size_t inputs) {
    Random random(7, Purpose::test);
    Array<float> w(Shape{outputs, inputs});
    for (float& x : w) x = random.normal();
    return w;
}

/// Of `samples` inputs, neighbours of which have much in common, some more than others; `dead` is always 0.
Correlations some_correlations(std::size_t groups, std::size_t size, std::size_t samples,
                               std::size_t dead = std::size_t(-1)) {
    Random random(8, Purpose::test);
    Correlations h{groups, size, std::vector<double>(groups * size * size, 0.0)};
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t s = 0; s < samples; ++s) {
            std::vector<double> x(size);
            double common = 0;
            for (std::size_t i = 0; i < size; ++i) {
                common = 0.8 * common + static_cast<double>(random.normal());
                x[i] = i == dead ? 0 : common * (1 + static_cast<double>(i % 5));
            }
            for (std::size_t i = 0; i < size; ++i)
                for (std::size_t j = i; j < size; ++j) h.sums[(g * size + i) * size + j] += x[i] * x[j];
        }
    return h;
}

Square square(const Correlations& h, std::size_t group) {
    Square s(h.size, std::vector<double>(h.size));
    for (std::size_t i = 0; i < h.size; ++i)
        for (std::size_t j = 0; j < h.size; ++j)
            s[i][j] = h.sums[(group * h.size + std::min(i, j)) * h.size + std::max(i, j)];
    return s;
}

/// By Gauss and Jordan.
Square inverse(Square a) {
    const std::size_t n = a.size();
    for (std::size_t i = 0; i < n; ++i) {
        const double pivot = a[i][i];
        a[i][i] = 1;
        for (double& x : a[i]) x /= pivot;
        for (std::size_t r = 0; r < n; ++r) {
            if (r == i) continue;
            const double f = a[r][i];
            a[r][i] = 0;
            for (std::size_t c = 0; c < n; ++c) a[r][c] -= f * a[i][c];
        }
    }
    return a;
}

/// Optimal Brain Quantization with its order fixed, by its definition: the inverse of H over the inputs that are left,
/// anew for each of them.
std::vector<int> naive_codes(std::vector<double> w, Square h, double step, const Scheme& scheme) {
    const std::size_t n = w.size();
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += h[i][i] / static_cast<double>(n);
    std::vector<std::size_t> left(n);
    std::iota(left.begin(), left.end(), std::size_t{0});
    std::stable_sort(left.begin(), left.end(),
                     [&](std::size_t a, std::size_t b) { return h[a][a] > h[b][b]; });
    std::vector<int> codes(n);
    for (; !left.empty(); left.erase(left.begin())) {
        Square rest;
        for (std::size_t i : left) {
            rest.emplace_back();
            for (std::size_t j : left) rest.back().push_back(h[i][j] + (i == j ? kDamping * mean : 0));
        }
        const Square inverted = inverse(rest);
        const std::size_t j = left.front();
        codes[j] =
            static_cast<int>(std::clamp(std::nearbyint(w[j] / step), static_cast<double>(scheme.lowest()),
                                        static_cast<double>(scheme.highest())));
        const double error = (w[j] - step * codes[j]) / inverted[0][0];
        for (std::size_t i = 0; i < left.size(); ++i) w[left[i]] -= error * inverted[0][i];
    }
    return codes;
}

/// ||(W - W^) X||^2
double output_error(const Array<float>& w, const QuantizedWeights& q, const Correlations& h) {
    const Array<float> values = q.values();
    const std::size_t per_group = q.outputs() / h.groups;
    double sum = 0;
    for (std::size_t o = 0; o < q.outputs(); ++o) {
        const Square s = square(h, o / per_group);
        const auto e = [&](std::size_t i) {
            return static_cast<double>(w.data()[o * h.size + i]) -
                   static_cast<double>(values.data()[o * h.size + i]);
        };
        for (std::size_t i = 0; i < h.size; ++i)
            for (std::size_t j = 0; j < h.size; ++j) sum += e(i) * s[i][j] * e(j);
    }
    return sum;
}

TEST_CASE(
    "gptq: the codes of Optimal Brain Quantization in a fixed order; groups, and numbers that do not "
    "divide") {
    for (const auto& [groups, outputs, size] :
         {std::array<std::size_t, 3>{1, 19, 30}, {1, 1, 1}, {6, 6, 9}, {2, 8, 12}})
        for (const char* name : {"s3-pc", "s4n-pc", "s2-pt"}) {
            CAPTURE(name);
            const Array<float> w = some_weights(outputs, size);
            const Correlations h = some_correlations(groups, size, 40);
            QuantizedWeights q = mmse::quantize_weights(w, scheme_from(name));
            round_with_feedback(w, h, q);
            for (std::size_t o = 0; o < outputs; ++o) {
                const float* row = w.data() + o * size;
                const std::vector<int> expected =
                    naive_codes({row, row + size}, square(h, o / (outputs / groups)),
                                static_cast<double>(q.step(o)), q.scheme);
                for (std::size_t i = 0; i < size; ++i) CHECK(q.codes[o * size + i] == expected[i]);
            }
        }
}

TEST_CASE(
    "gptq: a smaller error of the outputs than by nearest codes; the same codes where inputs are white") {
    const Array<float> w = some_weights(16, 40);
    for (const char* name : {"s2-pc", "s4-pc", "s4-pt", "s8-pc"}) {
        CAPTURE(name);
        const QuantizedWeights nearest = mmse::quantize_weights(w, scheme_from(name));
        const Correlations h = some_correlations(1, 40, 500);
        QuantizedWeights q = nearest;
        round_with_feedback(w, h, q);
        CHECK(q.steps == nearest.steps);
        CHECK(output_error(w, q, h) < 0.8 * output_error(w, nearest, h));
        Correlations white{1, 40, std::vector<double>(1600, 0.0)};
        for (std::size_t i = 0; i < 40; ++i) white.sums[i * 41] = 1 + static_cast<double>(i % 7);
        round_with_feedback(w, white, q);
        CHECK(q.codes == nearest.codes);
    }
}

TEST_CASE("gptq: dead inputs, nothing but zeros, a single sample, channels of zeros") {
    const std::size_t size = 20, dead = 3;
    Array<float> w = some_weights(5, size);
    std::fill_n(w.data() + 2 * size, size, 0.0f);
    const QuantizedWeights nearest = mmse::quantize_weights(w, scheme_from("s3-pc"));
    QuantizedWeights q = nearest;
    round_with_feedback(w, some_correlations(1, size, 50, dead), q);
    CHECK(q.codes != nearest.codes);
    for (std::size_t o = 0; o < 5; ++o) CHECK(q.codes[o * size + dead] == nearest.codes[o * size + dead]);
    for (std::size_t i = 0; i < size; ++i) CHECK(q.codes[2 * size + i] == 0);
    CHECK_NOTHROW(check(q, "layer"));
    round_with_feedback(w, some_correlations(1, size, 0), q);
    CHECK(q.codes == nearest.codes);
    const Correlations one = some_correlations(1, size, 1);
    round_with_feedback(w, one, q);
    CHECK(output_error(w, q, one) < output_error(w, nearest, one));
}

TEST_CASE("gptq: the same bits for any number of threads") {
    const Array<float> w = some_weights(70, 90);
    const Correlations h = some_correlations(1, 90, 200);
    const int before = threads();
    std::vector<std::int8_t> expected;
    for (int n : {1, 4}) {
        set_threads(n);
        QuantizedWeights q = mmse::quantize_weights(w, scheme_from("s4-pc"));
        round_with_feedback(w, h, q);
        if (expected.empty()) expected = q.codes;
        CHECK(q.codes == expected);
    }
    set_threads(before);
}

TEST_CASE("gptq: other codes and sizes are refused") {
    const Array<float> w = some_weights(4, 6);
    QuantizedWeights q = mmse::quantize_weights(w, scheme_from("s4-pc"));
    CHECK_THROWS_WITH_AS(round_with_feedback(w, some_correlations(1, 5, 9), q),
                         doctest::Contains("weights and codes"), BadInput);
    CHECK_THROWS_AS(round_with_feedback(some_weights(3, 6), some_correlations(1, 6, 9), q), BadInput);
    q.scheme = scheme_from("t-pc");
    CHECK_THROWS_WITH_AS(round_with_feedback(w, some_correlations(1, 6, 9), q), doctest::Contains("uniform"),
                         BadInput);
}

}  // namespace
}  // namespace nibble::gptq
