#include "engine/quant/quantized.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "engine/infer/file.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

/// Valid weights of a scheme with random codes, steps and multipliers.
QuantizedWeights random_quantized(const Scheme& scheme, const Shape& shape, std::uint32_t stream) {
    Random random(3, Purpose::test, 0, stream);
    QuantizedWeights w;
    w.scheme = scheme;
    w.shape = shape;
    w.codes.resize(count(shape));
    const auto width = static_cast<std::uint32_t>(scheme.highest() - scheme.lowest() + 1);
    for (auto& code : w.codes)
        code = static_cast<std::int8_t>(scheme.lowest() + static_cast<int>(random.below(width)));
    w.steps.resize(scheme.granularity == Granularity::tensor ? 1 : shape[0]);
    for (float& step : w.steps) step = 0.25f + random.uniform();
    if (scheme.granularity != Granularity::group) return w;
    const std::size_t taps = shape.size() == 4 ? shape[2] * shape[3] : 1;
    w.multipliers.resize(shape[0] * groups_of(shape[1], scheme.group) * taps);
    const auto largest = static_cast<std::uint32_t>(127 / -scheme.lowest());
    for (auto& m : w.multipliers) m = static_cast<std::uint8_t>(1 + random.below(largest));
    return w;
}

TEST_CASE("groups_of: by counting") {
    for (std::size_t inputs = 1; inputs < 20; ++inputs)
        for (int group = 2; group < 23; ++group) {
            std::size_t groups = 0;
            for (std::size_t first = 0; first < inputs; first += static_cast<std::size_t>(group)) ++groups;
            CHECK(groups_of(inputs, group) == groups);
        }
}

TEST_CASE("quantized weights: values and products against the formula, by a loop over four dimensions") {
    std::uint32_t stream = 0;
    for (const char* name : {"s8n-pt", "s4-pc", "t-pt", "t-pc", "t-g2", "t-g3", "s4-g2", "s4-g5", "s3-g64"})
        for (const Shape& shape : {Shape{3, 7, 2, 3}, Shape{2, 6, 1, 1}, Shape{4, 5}, Shape{1, 1, 3, 2}}) {
            CAPTURE(name);
            CAPTURE(to_string(shape));
            const QuantizedWeights w = random_quantized(scheme_from(name), shape, ++stream);
            CHECK_NOTHROW(check(w, "layer"));
            const std::size_t rows = shape.size() == 4 ? shape[2] : 1,
                              cols = shape.size() == 4 ? shape[3] : 1;
            const bool grouped = w.scheme.granularity == Granularity::group;
            const auto group = static_cast<std::size_t>(grouped ? w.scheme.group : 1);
            const std::size_t groups = (shape[1] + group - 1) / group;
            const Array<float> values = w.values();
            CHECK(Shape(values.shape().begin(), values.shape().end()) == shape);
            std::size_t i = 0;
            for (std::size_t o = 0; o < shape[0]; ++o)
                for (std::size_t in = 0; in < shape[1]; ++in)
                    for (std::size_t r = 0; r < rows; ++r)
                        for (std::size_t c = 0; c < cols; ++c, ++i) {
                            int product = w.codes[i];
                            if (grouped) {
                                const std::size_t at = ((o * groups + in / group) * rows + r) * cols + c;
                                CHECK(w.multiplier_index(i) == at);
                                product *= w.multipliers[at];
                            }
                            const float step = w.steps[w.steps.size() == 1 ? 0 : o];
                            CHECK(w.product_of(i) == product);
                            CHECK(values.data()[i] == static_cast<float>(product) * step);
                        }
        }
}

TEST_CASE("quantized weights: channels of extra terms come after those of the first") {
    Array<float> weights(Shape{6, 2, 3, 3});
    Random random(4, Purpose::test);
    for (float& v : weights) v = random.normal();
    const QuantizedWeights w = test::quantize_as_sum(weights, scheme_from("s4x3-pc"), 4);
    CHECK_NOTHROW(check(w, "layer"));
    std::vector<int> expected(w.codes.begin(), w.codes.end());
    for (const ExtraTerm& term : w.extra) {
        CHECK((!term.outputs.empty() && term.outputs.size() < 6));
        expected.insert(expected.end(), term.codes.begin(), term.codes.end());
    }
    REQUIRE(w.term_channels() == 6 + w.extra[0].outputs.size() + w.extra[1].outputs.size());
    REQUIRE(expected.size() == w.term_channels() * 18);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(w.product_of(i) == expected[i]);
}

TEST_CASE("quantized weights: bytes() are those of the tensors in a file") {
    const IntegerGraph graph = test::small_integer_network(1);
    const Safetensors file = to_safetensors(graph, {});
    std::size_t all = 0, of_tensors = 0;
    for (const auto& [name, tensor] : file.tensors) all += tensor.bytes.size();
    for (std::size_t i = 0; i < graph.steps.size(); ++i) {
        const IntegerStep& step = graph.steps[i];
        if (step.kind != IntegerStep::Kind::gemm) continue;
        const std::string prefix = (i < 10 ? "00" : "0") + std::to_string(i) + ".";
        std::size_t bytes = 0;
        for (const char* part : {"codes", "steps", "multipliers"})
            if (const auto found = file.tensors.find(prefix + part); found != file.tensors.end())
                bytes += found->second.bytes.size();
        std::size_t scales = 2 * step.scale.size();
        for (std::size_t e = 0; e < step.weights.extra.size(); ++e) {
            for (const char* part : {"outputs", "codes", "steps"})
                bytes += file.tensors.at(prefix + "term" + std::to_string(e + 2) + "." + part).bytes.size();
            scales += step.extra_scale[e].size();
        }
        CAPTURE(step.node.name);
        CHECK(step.weights.bytes() == bytes);
        of_tensors += bytes + 4 * scales;
    }
    std::size_t by_channel = 0;
    for (const IntegerValue& value : graph.values)
        if (value.quantizer) by_channel += 4 * value.quantizer->multipliers.size();
    CHECK(by_channel > 0);
    of_tensors += by_channel;
    CHECK(weight_bytes(graph) == of_tensors);
    CHECK(weight_bytes(graph) == all);
}

using Fault = std::function<void(QuantizedWeights&)>;

void check_refused(const QuantizedWeights& good, const char* complaint, const Fault& fault) {
    QuantizedWeights bad = good;
    fault(bad);
    CAPTURE(complaint);
    CHECK_THROWS_WITH_AS(check(bad, "layer3"), doctest::Contains("weights of layer3"), BadInput);
    CHECK_THROWS_WITH_AS(check(bad, "layer3"), doctest::Contains(complaint), BadInput);
}

TEST_CASE("quantized weights: every rule is checked, and the layer named") {
    const QuantizedWeights good = random_quantized(scheme_from("s4-g3"), {3, 7, 2, 2}, 77);
    CHECK_NOTHROW(check(good, "layer3"));
    const float infinity = std::numeric_limits<float>::infinity();
    check_refused(good, "shape", [](auto& w) { w.shape = {3, 7, 4}; });
    check_refused(good, "shape", [](auto& w) { w.shape = {}; });
    check_refused(good, "shape",
                  [](auto& w) { w.shape[0] = 0, w.codes = {}, w.steps = {}, w.multipliers = {}; });
    check_refused(good, "shape", [](auto& w) { w.shape[3] = 0, w.codes = {}, w.multipliers = {}; });
    check_refused(good, "number of codes", [](auto& w) { w.codes.pop_back(); });
    check_refused(good, "number of codes", [](auto& w) { w.shape[1] = 8; });
    check_refused(good, "number of steps", [](auto& w) { w.steps.pop_back(); });
    check_refused(good, "number of steps", [](auto& w) { w.steps.resize(1); });
    check_refused(good, "number of multipliers", [](auto& w) { w.multipliers.pop_back(); });
    check_refused(good, "number of multipliers", [](auto& w) { w.scheme = scheme_from("s4-pc"); });
    check_refused(good, "number of multipliers", [](auto& w) { w.scheme.group = 2; });
    check_refused(good, "step", [&](auto& w) { w.steps[1] = infinity; });
    check_refused(good, "step", [&](auto& w) { w.steps[1] = std::numeric_limits<float>::quiet_NaN(); });
    check_refused(good, "step of codes that are not 0", [&](auto& w) { w.steps[1] = 0, w.codes[30] = 1; });
    check_refused(good, "code", [](auto& w) { w.codes[5] = 8, w.multipliers[w.multiplier_index(5)] = 1; });
    check_refused(good, "code", [](auto& w) { w.codes[5] = -9, w.multipliers[w.multiplier_index(5)] = 1; });
    check_refused(good, "multiplier",
                  [](auto& w) { w.codes[5] = 7, w.multipliers[w.multiplier_index(5)] = 19; });
    check_refused(good, "multiplier",
                  [](auto& w) { w.codes[5] = -8, w.multipliers[w.multiplier_index(5)] = 17; });
    check_refused(good, "multipliers not 0", [](auto& w) { w.multipliers[3] = 0; });
    check_refused(good, "signed", [](auto& w) { w.scheme.is_signed = false; });
    CHECK_THROWS_AS(check(random_quantized(scheme_from("u4-pc"), {1, 1}, 1), "layer"), BadInput);

    QuantizedWeights mirrored = good;
    mirrored.steps[1] = -0.5f;
    CHECK_NOTHROW(check(mirrored, "layer"));

    QuantizedWeights zero_channel = good;
    zero_channel.steps[1] = 0;
    std::fill_n(zero_channel.codes.begin() + 28, 28, std::int8_t{0});
    CHECK_NOTHROW(check(zero_channel, "layer"));
    QuantizedWeights bad_scheme = good;
    bad_scheme.scheme.bits = 9;
    CHECK_THROWS_AS(check(bad_scheme, "layer"), BadInput);
}

TEST_CASE("quantized weights: extra terms of a sum, by hand and by rule") {
    QuantizedWeights sum;
    sum.scheme = scheme_from("s4x2-pc");
    sum.shape = {2, 2};
    sum.codes = {1, -8, 7, 2};
    sum.steps = {0.5f, 1};
    sum.extra = {{{1}, {-3, 4}, {0.25f}}};
    CHECK_NOTHROW(check(sum, "layer3"));
    const Array<float> values = sum.values();
    CHECK(std::vector<float>(values.begin(), values.end()) == std::vector<float>{0.5f, -4, 6.25f, 3});
    CHECK(sum.bytes() == 2 + 8 + 1 + 8);
    CHECK(sum.bits_per_weight() == (4 * 6 + 32 * 3) / 4.0);
    check_refused(sum, "extra terms", [](auto& w) { w.extra = {}; });
    check_refused(sum, "extra terms", [](auto& w) { w.scheme = scheme_from("s4-pc"); });
    check_refused(sum, "granularity of a sum",
                  [](auto& w) { w.scheme = scheme_from("s4x2-pt"), w.steps = {1}; });
    check_refused(sum, "output channels", [](auto& w) { w.extra[0].outputs[0] = 2; });
    check_refused(sum, "output channels", [](auto& w) { w.extra[0] = {{1, 1}, {0, 0, 0, 0}, {1, 1}}; });
    check_refused(sum, "output channels", [](auto& w) { w.extra[0] = {{1, 0}, {0, 0, 0, 0}, {1, 1}}; });
    check_refused(sum, "codes and steps", [](auto& w) { w.extra[0].codes.pop_back(); });
    check_refused(sum, "codes and steps", [](auto& w) { w.extra[0].steps.clear(); });
    check_refused(sum, "step of an extra", [](auto& w) { w.extra[0].steps[0] = 0; });
    check_refused(sum, "step of an extra",
                  [](auto& w) { w.extra[0].steps[0] = std::numeric_limits<float>::infinity(); });
    check_refused(sum, "code of an extra", [](auto& w) { w.extra[0].codes[0] = 8; });
}

}  // namespace
}  // namespace nibble
