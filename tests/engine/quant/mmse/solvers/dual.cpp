#include "engine/quant/mmse/solvers/dual.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/quant/diagnosis/relative_error.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "engine/quant/mmse/solvers/solver.hpp"
#include "engine/quant/mmse/weights.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::mmse {
namespace {

Codes full(int bits) {
    return {-(1 << (bits - 1)), (1 << (bits - 1)) - 1};
}

TEST_CASE("dual: points are all sums, ascending, once; nearest() is the nearest") {
    const std::vector<float> alphas{0.5f, -0.2f, 0};
    const Codes codes{-2, 1};
    const std::vector<Point> points = points_of(alphas, codes);
    std::vector<double> sums;
    for (int a = -2; a <= 1; ++a)
        for (int b = -2; b <= 1; ++b) sums.push_back(a * double{0.5f} + b * double{-0.2f});
    std::sort(sums.begin(), sums.end());
    sums.erase(std::unique(sums.begin(), sums.end()), sums.end());
    REQUIRE(points.size() == sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i) {
        CHECK(points[i].value == sums[i]);
        CHECK(points[i].codes[2] == 0);
    }
    for (float v : test::normal_values(200, 1)) {
        const double distance = std::abs(nearest(points, v).value - v);
        for (double sum : sums) CHECK(distance <= std::abs(sum - v));
    }
}

TEST_CASE("dual: the error is that of the nearest sums, and never above the best single scale's") {
    for (std::uint32_t stream = 0; stream < 36; ++stream)
        for (const auto& pair : {std::pair{2, 2}, {3, 2}, {4, 2}, {2, 3}, {2, 4}}) {
            const int bits = pair.first, terms = pair.second;
            const std::vector<float> values = test::random_tensor(stream, 40);
            const Distribution t(values);
            const SumScales sum = dual(t, full(bits), terms);
            CAPTURE(stream);
            CAPTURE(bits);
            CAPTURE(terms);
            REQUIRE(sum.alphas.size() == static_cast<std::size_t>(terms));
            const double single = solve(t, full(bits), Solver::exact, Signs::both).error;
            CHECK(sum.error <= single);
            CHECK(dual(t, full(bits), terms, SumSearch::nested).error <= single);
            const std::vector<Point> points = points_of(sum.alphas, full(bits));
            long double error = 0, norm = 0;
            for (float v : values) {
                const Point& point = nearest(points, v);
                long double left = v;
                for (std::size_t i = 0; i < sum.alphas.size(); ++i)
                    left -= static_cast<long double>(sum.alphas[i]) * point.codes[i];
                error += left * left;
                norm += static_cast<long double>(v) * v;
            }
            CHECK(std::abs(sum.error - error) <= 1e-9L * error + 0x1p-90L * norm);
        }
}

/// The best of a dense grid of pairs, alternation left to the reader.
double grid_of_pairs(const Distribution& t, Codes codes, int n) {
    double best = t.squared_norm().value();
    for (int i = -n; i <= n; ++i)
        for (int j = 1; j <= n; ++j) {
            const float largest = t.magnitude();
            best = std::min(best, evaluate(t, codes,
                                           {largest * static_cast<float>(i) / static_cast<float>(n),
                                            largest * static_cast<float>(j) / static_cast<float>(n)})
                                      .error);
        }
    return best;
}

TEST_CASE("dual: as good as a dense grid of pairs") {
    double ours = 0, theirs = 0;
    for (std::uint32_t stream = 0; stream < 20; ++stream) {
        const Distribution t(test::normal_values(64, 50 + stream));
        const double found = dual(t, full(2)).error, scanned = grid_of_pairs(t, full(2), 60);
        CHECK(found <= 1.25 * scanned);
        ours += found;
        theirs += scanned;
    }
    MESSAGE("ours " << ours << ", dense grid " << theirs);
    CHECK(ours < theirs);
}

TEST_CASE("dual: 4 + 4 bits on the channels of papers.md 2.f are better than 8 bits") {
    double nested = 0, all = 0, eight = 0;
    for (std::uint32_t channel = 0; channel < 16; ++channel) {
        const Distribution t(test::laplace_values(576, 900 + channel));
        const double norm = t.squared_norm().value() * 16;
        const double one_kind = dual(t, full(4), 2, SumSearch::nested).error,
                     both_kinds = dual(t, full(4)).error;
        nested += one_kind / norm;
        all += both_kinds / norm;
        eight += solve(t, full(8), Solver::exact, Signs::both).error / norm;
    }
    MESSAGE("nested " << nested << ", with series " << all << ", 8 bits " << eight);
    CHECK(nested < 1.11e-4);  // papers.md: the nested search without alternation from many starts
    CHECK(nested < 0.75 * eight);
    CHECK(all <= nested);
}

TEST_CASE("dual: scaling by a power of two scales all alphas exactly") {
    for (std::uint32_t stream = 0; stream < 8; ++stream) {
        const std::vector<float> t = test::random_tensor(stream, 60);
        std::vector<float> scaled = t;
        for (float& v : scaled) v *= 0x1p7f;
        const SumScales a = dual(Distribution(t), full(3)), b = dual(Distribution(scaled), full(3));
        for (std::size_t i = 0; i < 2; ++i) CHECK(b.alphas[i] == a.alphas[i] * 0x1p7f);
    }
}

TEST_CASE("dual: by hand") {
    // 1 and 100 share no 2-bit scale, but two scales represent both.
    const SumScales sum = dual(Distribution(std::vector<float>{1, 100}), full(2));
    CHECK(sum.error == 0);
    CHECK(dual(Distribution(std::vector<float>{0, 0}), full(4)).alphas == std::vector<float>{0, 0});
    CHECK(dual(Distribution(std::vector<float>{3}), full(4), 1).alphas == std::vector<float>{3});
    CHECK_THROWS_AS(dual(Distribution(std::vector<float>{1}), full(8), 3), BadInput);
    CHECK_THROWS_AS(dual(Distribution(std::vector<float>{1}), full(2), 5), BadInput);
}

TEST_CASE("dual weights: which channels") {
    const std::vector<double> errors{0.1, 0.4, 0.2, 0.4, 0.3};
    using Channels = std::vector<std::uint32_t>;
    CHECK(worst_channels(errors, 0) == Channels{});
    CHECK(worst_channels(errors, 0.2) == Channels{1});
    CHECK(worst_channels(errors, 0.6) == Channels{1, 3, 4});
    CHECK(worst_channels(errors, 1) == Channels{0, 1, 2, 3, 4});
    CHECK_THROWS_AS(worst_channels(errors, 1.5), BadInput);
}

TEST_CASE("dual weights: chosen channels are sums, the others untouched; storage as in papers.md 2.e") {
    for (const char* name : {"s4x2-pc", "s2x3-pc", "s3x2-pc"}) {
        const Shape shape{10, 3, 2, 2};
        Array<float> weights(shape);
        std::ranges::copy(test::laplace_values(120, 4), weights.data());
        const Scheme scheme = scheme_from(name);
        Scheme single_scheme = scheme;
        single_scheme.kind = Kind::uniform;
        single_scheme.terms = 1;
        const QuantizedWeights single = quantize_weights(weights, single_scheme);
        const std::vector<double> before = relative_errors(weights, single);
        const std::vector<std::uint32_t> channels = worst_channels(before, 0.3);
        const QuantizedWeights w = quantize_dual(weights, scheme, channels);
        CHECK_NOTHROW(check(w, "layer"));
        CHECK(w.scheme == scheme);
        const std::vector<double> after = relative_errors(weights, w);
        for (std::uint32_t o = 0; o < 10; ++o)
            if (std::ranges::count(channels, o))
                CHECK(after[o] < before[o]);
            else
                CHECK(after[o] == before[o]);
        const double extra = 0.3 * (scheme.terms - 1), n = 12;
        CHECK(w.bits_per_weight() == doctest::Approx((1 + extra) * (scheme.bits + 32 / n)));
        // Codes of 2 to 4 bits are stored in 4.
        CHECK(w.bytes() == 60 + 4 * 10 + static_cast<std::size_t>(scheme.terms - 1) * (18 + 3 * 8));
    }
    Array<float> weights(Shape{2, 3});
    weights.fill(1);
    const std::vector<std::uint32_t> wrong{2}, twice{1, 1};
    CHECK_THROWS_AS(quantize_dual(weights, scheme_from("s4-pc"), {}), BadInput);
    CHECK_THROWS_AS(quantize_dual(weights, scheme_from("s4x2-pt"), {}), BadInput);
    CHECK_THROWS_AS(quantize_dual(weights, scheme_from("s4x2-pc"), wrong), BadInput);
    CHECK_THROWS_AS(quantize_dual(weights, scheme_from("s4x2-pc"), twice), BadInput);
    CHECK(quantize_dual(weights, scheme_from("s4x2-pc"), {}).values() == weights);
}

}  // namespace
}  // namespace nibble::mmse
