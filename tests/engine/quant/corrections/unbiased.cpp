#include "engine/quant/corrections/unbiased.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "engine/quant/diagnosis/relative_error.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "engine/quant/mmse/weights.hpp"

namespace nibble {
namespace {

Array<float> some_weights(std::uint32_t stream) {
    Random random(5, Purpose::test, 0, stream);
    Array<float> w(Shape{6, 8, 3, 3});
    for (float& x : w) x = 0.1f * random.normal();
    return w;
}

/// <W, W^> / ||W||^2 of each run of `sharing` weights.
std::vector<double> slopes(const Array<float>& w, const Array<float>& values, std::size_t sharing) {
    std::vector<double> slopes;
    for (std::size_t first = 0; first < w.size(); first += sharing) {
        double product = 0, norm = 0;
        for (std::size_t i = first; i < first + sharing; ++i) {
            product += static_cast<double>(w.data()[i]) * values.data()[i];
            norm += static_cast<double>(w.data()[i]) * w.data()[i];
        }
        slopes.push_back(product / norm);
    }
    return slopes;
}

TEST_CASE("unbiased scales: by hand") {
    Array<float> w(Shape{2, 3});
    w = {{1.0f, -1.0f, 2.0f}, {0.0f, 0.0f, 0.0f}};
    QuantizedWeights q;
    q.scheme = {.bits = 2};
    q.shape = {2, 3};
    q.codes = {1, -1, 1, 0, 0, 0};
    q.steps = {1.0f, 0.0f};
    remove_scale_bias(w, q);  // ||W||^2 = 6, <W, W^> = 4
    CHECK(q.steps == std::vector<float>{1.5f, 0.0f});
}

TEST_CASE(
    "unbiased scales: <W, W^> = ||W||^2 for each channel, tensor and sum; codes stay; e becomes e / (1 - "
    "e)") {
    for (std::uint32_t stream = 0; stream < 10; ++stream)
        for (const char* name : {"s2-pc", "s3-pc", "s4-pt", "s4x2-pc"}) {
            CAPTURE(name);
            const Array<float> w = some_weights(stream);
            const Scheme scheme = scheme_from(name);
            const std::vector<std::uint32_t> some{1, 4};
            const QuantizedWeights best = scheme.kind == Kind::sum
                                              ? mmse::quantize_dual(w, scheme, some, mmse::Solver::exact)
                                              : mmse::quantize_weights(w, scheme);
            QuantizedWeights q = best;
            remove_scale_bias(w, q);
            CHECK_NOTHROW(check(q, "layer"));
            CHECK(q.codes == best.codes);
            for (double slope : slopes(w, q.values(), w.size() / q.steps.size()))
                CHECK(slope == doctest::Approx(1).epsilon(1e-5));
            const auto before = relative_errors(w, best), after = relative_errors(w, q);
            if (scheme.granularity == Granularity::channel)
                for (std::size_t o = 0; o < before.size(); ++o)
                    CHECK(after[o] == doctest::Approx(before[o] / (1 - before[o])).epsilon(1e-4));
            QuantizedWeights twice = q;
            remove_scale_bias(w, twice);
            for (std::size_t s = 0; s < q.steps.size(); ++s)
                CHECK(twice.steps[s] == doctest::Approx(q.steps[s]).epsilon(1e-6));
        }
}

TEST_CASE("unbiased scales: another shape is refused") {
    QuantizedWeights q = mmse::quantize_weights(some_weights(1), scheme_from("s4-pc"));
    CHECK_THROWS_AS(remove_scale_bias(Array<float>(Shape{6, 8}), q), BadInput);
}

}  // namespace
}  // namespace nibble
