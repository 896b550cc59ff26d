#include "engine/quant/mmse/activations.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "tests/helpers/histogram.hpp"
#include "tests/helpers/random_tensors.hpp"

namespace nibble::mmse {
namespace {

TEST_CASE("mmse activations: a histogram is as good as all values kept") {
    double worst = 0;
    for (std::uint32_t stream = 0; stream < 8; ++stream)
        for (const bool after_relu : {false, true})
            for (int bits = 2; bits <= 8; ++bits) {
                std::vector<float> values =
                    stream % 2 ? test::laplace_values(20000, stream) : test::normal_values(20000, stream);
                for (float& v : values)
                    if (after_relu) v = std::max(v, 0.0f);
                const Quantizer q = quantize_activations(test::histogram_of(values), bits);
                CHECK(q.scheme.is_signed == !after_relu);
                const Distribution all(values);
                const Codes codes{q.scheme.lowest(), q.scheme.highest()};
                const double best = solve(all, codes, Solver::exact, Signs::positive).error,
                             ours = evaluate(all, codes, q.step).error, norm = all.squared_norm().value();
                CAPTURE(bits);
                CHECK(ours >= best);
                CHECK(ours <= best * (bits < 7 ? 1.002 : 1.01));
                worst = std::max(worst, ours / best - 1);
                CHECK(relative_error(test::histogram_of(values), q) ==
                      doctest::Approx(ours / norm).epsilon(0.02));
            }
    MESSAGE("the error is at most " << 100 * worst << " % above that of all values kept");
}

TEST_CASE("mmse activations: code_of() quantizes with the error that was promised") {
    const std::vector<float> values = test::normal_values(5000, 77);
    const Quantizer q = quantize_activations(test::histogram_of(values), 4);
    double error = 0, norm = 0;
    for (float v : values) {
        const double left = v - static_cast<double>(q.step) * code_of(q, v);
        error += left * left;
        norm += double{v} * v;
    }
    CHECK(relative_error(test::histogram_of(values), q) == doctest::Approx(error / norm).epsilon(0.001));
}

TEST_CASE("mmse activations: with a zero point, codes lie where values are") {
    std::vector<float> leaky = test::normal_values(20000, 3);
    for (float& v : leaky) v = v < 0 ? 0.1f * v : v;
    const Histogram h = test::histogram_of(leaky);
    for (int bits = 2; bits <= 8; ++bits) {
        CAPTURE(bits);
        const Quantizer q = quantize_activations_asymmetric(h, bits);
        CHECK(q.offset() <= 1 << (bits - 2));
        // Nearly one bit more than with the negative half of the codes for a tenth of the values.
        CHECK(relative_error(h, q) < 0.45 * relative_error(h, quantize_activations(h, bits)));
        double best = 1;  // of all zero points
        for (int z = 0; z < (1 << bits) - 1; ++z) {
            if (bits > 5) break;
            Scheme scheme{
                .bits = bits, .is_signed = z == 1 << (bits - 1), .granularity = Granularity::tensor};
            if (!scheme.is_signed) scheme.zero_point = z;
            for (int s = 1; s < 400; ++s)
                best =
                    std::min(best, relative_error(h, make_quantizer(scheme, 0.01f * static_cast<float>(s))));
        }
        if (bits <= 5) CHECK(relative_error(h, q) <= best);
    }
    const Histogram normal = test::histogram_of(test::normal_values(20000, 4)),
                    positive = test::histogram_of({0, 1, 3});
    CHECK(quantize_activations_asymmetric(positive, 4) == quantize_activations(positive, 4));
    CHECK(std::abs(quantize_activations_asymmetric(normal, 4).offset() - 8) <= 1);
    CHECK(quantize_activations_asymmetric(test::histogram_of({-1, -2, -2.5f}), 2).scheme.highest() >= 1);
}

TEST_CASE("mmse activations: no solver is worse than max-abs; zeros; refusals") {
    const Histogram h = test::histogram_of(test::laplace_values(20000, 5));
    for (int bits = 2; bits <= 8; ++bits) {
        const double maxabs = relative_error(h, quantize_activations(h, bits, Solver::max_abs));
        for (const Solver solver : kSolvers)
            CHECK(relative_error(h, quantize_activations(h, bits, solver)) <= maxabs);
    }
    CHECK(quantize_activations(test::histogram_of({0, 0}), 4) == make_quantizer(scheme_from("u4-pt"), 1));
    CHECK(relative_error(test::histogram_of({0, 0}), quantize_activations(test::histogram_of({0, 0}), 4)) ==
          0);
    CHECK_THROWS_WITH_AS(quantize_activations(Histogram{}, 4), doctest::Contains("at least one"), BadInput);
    CHECK_THROWS_AS(quantize_activations(h, 9), BadInput);
}

}  // namespace
}  // namespace nibble::mmse
