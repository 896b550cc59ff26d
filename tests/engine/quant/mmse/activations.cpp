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
