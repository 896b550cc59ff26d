// What IntegerGraph::check() promises: one fault for each rule, in a network that is fine otherwise.
#include "engine/infer/integer_graph.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <set>

#include "engine/core/error.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/simulator.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

using Fault = std::function<void(IntegerGraph&)>;

std::size_t index_of(const IntegerGraph& graph, const std::string& name) {
    for (std::size_t i = 0; i < graph.steps.size(); ++i)
        if (graph.steps[i].node.name == name) return i;
    FAIL("no step " << name);
    return 0;
}

IntegerStep& step(IntegerGraph& graph, const std::string& name) {
    return graph.steps[index_of(graph, name)];
}

/// The value that the named step reads or makes.
IntegerValue& input(IntegerGraph& graph, const std::string& name) {
    return graph.values[static_cast<std::size_t>(step(graph, name).inputs[0])];
}
IntegerValue& output(IntegerGraph& graph, const std::string& name) {
    return graph.values[static_cast<std::size_t>(step(graph, name).outputs.front())];
}

void refused(const char* complaint, const Fault& fault) {
    IntegerGraph graph = test::small_integer_network(1);
    fault(graph);
    CAPTURE(complaint);
    CHECK_THROWS_WITH_AS(graph.check(), doctest::Contains(complaint), BadInput);
    CHECK_THROWS_AS(IntegerExecutor{graph}, BadInput);
    CHECK_THROWS_AS(Simulator{graph}, BadInput);
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("the example holds every operation and passes") {
    const IntegerGraph graph = test::small_integer_network(1);
    CHECK_NOTHROW(graph.check());
    std::set<std::string> found;
    for (const IntegerStep& s : graph.steps) found.insert(operation_name(s));
    CHECK(found == std::set<std::string>{"avg_pool", "max_pool", "product", "quantize", "shortcut"});
}

TEST_CASE("integer graph: values and steps there must be") {
    refused("number of steps", [](auto& g) { g.steps.clear(); });
    refused("number of steps", [](auto& g) { g = {}; });
    refused("number of steps", [](auto& g) { g.steps.resize((1 << 12) + 1); });
    refused("number of values", [](auto& g) { g.values.resize((1 << 13) + 1); });
    refused("never computed", [](auto& g) { g.values.push_back(g.values[0]); });
    refused("its input: expected floats", [](auto& g) { g.values[0].quantizer = g.values[1].quantizer; });
    refused("no convolution", [](auto& g) {
        const Dims dims{1, 1, 5};
        IntegerStep pool;
        pool.kind = IntegerStep::Kind::pass;
        pool.node.op = Op::max_pool;
        pool.outputs = {1};
        g = {{{dims, {}}, {dims, {}}}, {pool}};
    });
}

TEST_CASE("integer graph: shapes of values") {
    for (Dims bad : {Dims{0, 1, 1}, Dims{1, -1, 1}, Dims{1, 1, 0}, Dims{1 << 14, 1 << 14, 2},
                     Dims{1 << 30, 1 << 30, 1 << 30}, Dims{2147483647, 1, 1}})
        refused("shape of a value", [&](auto& g) { g.values[3].dims = bad; });
    refused("shape of its output", [](auto& g) { ++output(g, "first").dims.h; });
    refused("shape of its output", [](auto& g) { ++output(g, "max_pool").dims.w; });
    refused("shape of its output", [](auto& g) { ++output(g, "avg_pool").dims.c; });
    refused("shape of its output", [](auto& g) { ++output(g, "shortcut").dims.h; });
    refused("shape of its output", [](auto& g) { ++output(g, "input").dims.c; });
    refused("shape of its residual", [](auto& g) { step(g, "side").residual = 0; });
}

TEST_CASE("integer graph: steps read what is there, in the order they run") {
    for (int bad : {-1, 1 << 20, 1000}) {
        refused("computed before", [&](auto& g) { step(g, "first").inputs[0] = bad; });
        if (bad >= 0) refused("computed before", [&](auto& g) { step(g, "side").residual = bad; });
        refused("output", [&](auto& g) { step(g, "first").outputs.front() = bad; });
    }
    refused("residual", [](auto& g) { step(g, "side").residual = -2; });
    for (const char* other : {"max_pool", "avg_pool", "shortcut", "input"})
        refused("residual", [&](auto& g) { step(g, other).residual = 99; });
    refused("computed before",
            [](auto& g) { step(g, "first").inputs[0] = step(g, "first").outputs.front(); });
    refused("computed before", [](auto& g) { step(g, "first").inputs[0] = step(g, "side").outputs.front(); });
    refused("computed before", [](auto& g) { std::swap(g.steps[1], g.steps[2]); });
    refused("not computed before", [](auto& g) { step(g, "side").outputs.front() = 0; });
    refused("not computed before", [](auto& g) { step(g, "side").outputs = step(g, "first").outputs; });
    refused("not computed before",
            [](auto& g) { step(g, "side").outputs.push_back(step(g, "side").outputs[0]); });
    for (const char* name : {"input", "first", "max_pool", "avg_pool"})
        refused("outputs: expected at least one", [&](auto& g) { step(g, name).outputs.clear(); });
    refused("output", [](auto& g) { step(g, "shortcut").outputs.clear(); });
}

TEST_CASE("integer graph: who reads and writes codes, and who floats") {
    refused("its output: expected codes", [](auto& g) { output(g, "input").quantizer.reset(); });
    refused("its input: expected floats", [](auto& g) {
        IntegerStep again = g.steps[0];
        again.inputs[0] = again.outputs[0];
        again.outputs = {static_cast<int>(g.values.size())};
        g.values.push_back(g.values[1]);
        g.steps.insert(g.steps.begin() + 1, again);
    });
    refused("its input: expected codes", [](auto& g) { input(g, "linear").quantizer.reset(); });
    refused("stored as its input", [](auto& g) { output(g, "max_pool").quantizer.reset(); });
    refused("stored as its input",
            [](auto& g) { output(g, "shortcut").quantizer->rounding = Rounding::floor; });
    refused("each stored in its own way", [](auto& g) {
        step(g, "max_pool").outputs.push_back(static_cast<int>(g.values.size()));
        g.values.push_back(output(g, "max_pool"));
    });
    refused("each stored in its own way", [](auto& g) {
        step(g, "side").outputs.push_back(static_cast<int>(g.values.size()));
        g.values.push_back(output(g, "side"));
    });
    refused("the last output", [](auto& g) { output(g, "linear").quantizer = g.values[1].quantizer; });
    refused("the last output", [](auto& g) {
        step(g, "linear").outputs.push_back(static_cast<int>(g.values.size()));
        g.values.push_back({output(g, "linear").dims, g.values[1].quantizer});
    });
}

TEST_CASE("integer graph: quantizers") {
    for (float bad : {0.0f, -1.0f, kInfinity, kNaN, 1e-40f}) {
        refused("scale", [&](auto& g) { g.values[1].quantizer->step = bad; });
        refused("scale", [&](auto& g) { g.values[1].quantizer->multiplier = bad; });
    }
    refused("1 / step", [](auto& g) { g.values[1].quantizer->multiplier *= 2; });
    refused("scheme", [](auto& g) { g.values[1].quantizer->scheme = scheme_from("s8-g2"); });
    refused("multipliers", [](auto& g) { g.values[1].quantizer->scheme = scheme_from("s8-pc"); });
    refused("multipliers", [](auto& g) { g.values[1].quantizer->multipliers = {1, 1, 1}; });
    for (float bad : {0.0f, -1.0f, kInfinity, kNaN, 1e-40f})
        refused("scale", [&](auto& g) { input(g, "ternary").quantizer->multipliers[2] = bad; });
    refused("number of multipliers", [](auto& g) { input(g, "ternary").quantizer->multipliers.pop_back(); });
    refused("number of multipliers", [](auto& g) { input(g, "linear").quantizer->multipliers.push_back(1); });
    refused("scheme", [](auto& g) { g.values[1].quantizer->scheme = scheme_from("t-pt"); });
    refused("bits", [](auto& g) { g.values[1].quantizer->scheme.bits = 12; });
}

TEST_CASE("integer graph: codes quantized by channel are for products and max-poolings") {
    const auto by_channel = [](IntegerValue& value) {
        value.quantizer = make_channel_quantizer(
            scheme_from("u8-pc"), std::vector<float>(static_cast<std::size_t>(value.dims.c), 2.0f));
    };
    IntegerGraph fine = test::small_integer_network(1);
    by_channel(input(fine, "narrow"));
    CHECK_NOTHROW(fine.check());
    refused("shortcut): its input: expected floats, or codes with one scale",
            [&](auto& g) { step(g, "shortcut").inputs[0] = step(g, "ternary").inputs[0]; });
    refused("avg_pool): its input: expected floats, or codes with one scale",
            [&](auto& g) { by_channel(input(g, "avg_pool")); });
    refused("its residual: expected floats, or codes with one scale",
            [&](auto& g) { by_channel(g.values[static_cast<std::size_t>(step(g, "groups").residual)]); });
    refused("stored as its input", [](auto& g) { input(g, "ternary").quantizer->multipliers[0] *= 2; });
}

TEST_CASE("integer graph: windows") {
    const auto window_refused = [](const char* complaint, int WindowAxis::*field, int value) {
        for (const char* name : {"first", "max_pool", "avg_pool"})
            for (auto axis : {&Window::rows, &Window::cols})
                refused(complaint, [&](auto& g) { step(g, name).node.window.*axis.*field = value; });
    };
    for (int bad : {0, -1, 257, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
        window_refused("window", &WindowAxis::kernel, bad);
        window_refused("window", &WindowAxis::stride, bad);
        if (bad != 0) window_refused("window", &WindowAxis::before, bad);
        if (bad != 0) window_refused("window", &WindowAxis::after, bad);
        refused("stride", [&](auto& g) { step(g, "shortcut").node.stride = bad; });
    }
    window_refused("padded input", &WindowAxis::kernel, 200);
    for (const char* name : {"max_pool", "avg_pool"})
        refused("less than the window", [&](auto& g) { step(g, name).node.window.cols.after = 2; });
    refused("channels", [](auto& g) { output(g, "shortcut").dims.c = 2; });
}

TEST_CASE("integer graph: gemms") {
    refused("shape of its weights", [](auto& g) { step(g, "first").node.window.rows.kernel = 2; });
    refused("shape of its weights", [](auto& g) {
        QuantizedWeights& w = step(g, "first").weights;
        std::swap(w.shape[0], w.shape[1]);
        w.steps.resize(w.shape[0]);
    });
    refused("linear layer", [](auto& g) { step(g, "linear").node.window.rows.stride = 2; });
    refused("linear layer", [](auto& g) { step(g, "linear").node.window.cols.before = 1; });
    refused("number of codes", [](auto& g) { step(g, "first").weights.codes.pop_back(); });
    refused("step", [](auto& g) { step(g, "first").weights.steps[0] = kNaN; });
    refused("signed", [](auto& g) { step(g, "first").weights.scheme.is_signed = false; });
    for (auto field : {&IntegerStep::scale, &IntegerStep::shift}) {
        refused("scales and shifts", [&](auto& g) { (step(g, "first").*field)[2] = kInfinity; });
        refused("scales and shifts", [&](auto& g) { (step(g, "first").*field)[2] = kNaN; });
        refused("scales and shifts", [&](auto& g) { (step(g, "first").*field).pop_back(); });
        refused("scales and shifts", [&](auto& g) { (step(g, "first").*field).push_back(1); });
    }
    // "narrow" is a sum of three.
    refused("number of extra terms", [](auto& g) { step(g, "narrow").weights.extra.pop_back(); });
    refused("of an extra term", [](auto& g) { step(g, "narrow").weights.extra[1].outputs.back() = 5; });
    const auto extra_scales_refused = [](auto&& fault) {
        refused("scales of extra terms", [&](auto& g) { fault(step(g, "narrow").extra_scale); });
    };
    extra_scales_refused([](auto& scales) { scales.clear(); });
    extra_scales_refused([](auto& scales) { scales.pop_back(); });
    extra_scales_refused([](auto& scales) { scales.emplace_back(); });
    extra_scales_refused([](auto& scales) { scales[1].push_back(1); });
    extra_scales_refused([](auto& scales) { scales[0][0] = kNaN; });
    extra_scales_refused([](auto& scales) { scales[1][0] = kInfinity; });
    refused("scales of extra terms", [](auto& g) { step(g, "first").extra_scale = {{}}; });
}

/// One linear layer, c inputs to one class.
IntegerGraph wide_layer(int c, const char* activations, std::int8_t code) {
    const auto inputs = static_cast<std::size_t>(c);
    IntegerGraph g;
    g.values = {{{1, 1, c}, {}}, {{1, 1, c}, make_quantizer(scheme_from(activations), 1)}, {{1, 1, 1}, {}}};
    IntegerStep quantize, gemm;
    quantize.outputs = {1};
    gemm.kind = IntegerStep::Kind::gemm;
    gemm.inputs[0] = 1;
    gemm.outputs = {2};
    gemm.weights = {scheme_from("s8-pc"), {1, inputs}, std::vector<std::int8_t>(inputs, code), {1}, {}};
    gemm.scale = gemm.shift = {1};
    g.steps = {quantize, gemm};
    return g;
}

TEST_CASE("integer graph: an extra term by hand, with and without a scale") {
    IntegerGraph g = wide_layer(2, "u8-pt", 3);
    IntegerStep& layer = g.steps[1];
    layer.weights.scheme = scheme_from("s8x2-pc");
    layer.weights.extra = {{{0}, {-1, 2}, {1}}};
    layer.scale = {2}, layer.shift = {0.5f}, layer.extra_scale = {{0.25f}};
    const std::vector<float> image = {10, 20};
    std::vector<float> logits(1);
    IntegerExecutor(g).logits(image, logits);
    CHECK(logits[0] == 2 * 3 * 30 + 0.5f + 0.25f * (-10 + 40));
    CHECK(Simulator(g).values(image)[2] == logits);
    layer.extra_scale = {{0}};
    IntegerExecutor(g).logits(image, logits);
    CHECK(logits[0] == 2 * 3 * 30 + 0.5f);
    layer.weights.extra[0] = {};
    layer.extra_scale[0].clear();
    IntegerExecutor(g).logits(image, logits);
    CHECK(logits[0] == 2 * 3 * 30 + 0.5f);
}

TEST_CASE("integer graph: sums stay within 32 bits, and those accepted are exact") {
    // 255 * 128 * 65793 < 2^31 <= 255 * 128 * 65794
    CHECK_THROWS_WITH_AS(wide_layer(65794, "u8-pt", -128).check(), doctest::Contains("32 bits"), BadInput);
    const IntegerGraph widest = wide_layer(65793, "u8-pt", -128);
    std::vector<float> logits(1);
    IntegerExecutor(widest).logits(std::vector<float>(65793, 1000.0f), logits);
    CHECK(logits[0] == 255.0f * -128 * 65793 + 1);
    CHECK(Simulator(widest).values(std::vector<float>(65793, 1000.0f))[2] == logits);
    // Extra terms have sums of their own.
    IntegerGraph sum = wide_layer(65794, "u8-pt", 1);
    sum.steps[1].weights.scheme = scheme_from("s8x2-pc");
    sum.steps[1].weights.extra = {{{0}, std::vector<std::int8_t>(65794, -128), {1}}};
    sum.steps[1].extra_scale = {{1}};
    CHECK_THROWS_WITH_AS(sum.check(), doctest::Contains("32 bits"), BadInput);
    // Signed codes are stored with an offset, which the sums pass on the way.
    const IntegerGraph with_offset = wide_layer(40000, "s8-pt", 127);
    CHECK_NOTHROW(with_offset.check());
    IntegerExecutor(with_offset).logits(std::vector<float>(40000, -1000.0f), logits);
    CHECK(logits[0] == -128.0f * 127 * 40000 + 1);
}

TEST_CASE("integer graph: memory and work for one image are bounded") {
    // Padding by 256 makes 513 x 513 pixels of one.
    IntegerGraph padded = wide_layer(1 << 11, "u8-pt", 0);
    padded.steps[1].weights.shape = {1, 1 << 11, 1, 1};
    padded.steps[1].node.window = {1, 1, 1, 256};
    padded.values[2].dims = {513, 513, 1};
    CHECK_THROWS_WITH_AS(padded.check(), doctest::Contains("with their borders"), BadInput);

    CHECK_THROWS_WITH_AS(wide_layer((1 << 24) + 1, "u8-pt", 0).check(),
                         doctest::Contains("weights of a kernel"), BadInput);

    // A pooling of 2^16 taps at each of 2^24 places.
    IntegerGraph pooled = wide_layer(1, "u8-pt", 0);
    const Dims large{4096, 4096, 1}, out{3841, 3841, 1};
    pooled.values[0].dims = pooled.values[1].dims = large;
    IntegerStep pool;
    pool.kind = IntegerStep::Kind::pass;
    pool.node.op = Op::max_pool;
    pool.inputs[0] = 1;
    pool.outputs = {2};
    pool.node.window = {256, 256, 1, 0};
    pooled.values[2] = {out, pooled.values[1].quantizer};
    pooled.steps[1] = pool;
    CHECK_THROWS_WITH_AS(pooled.check(), doctest::Contains("work"), BadInput);

    // Values are small each, but there are many.
    const IntegerGraph one = wide_layer(1, "u8-pt", 0);
    IntegerGraph repeated;
    repeated.values = {{{1 << 12, 1 << 12, 1}, {}}};
    for (int i = 0; i < 20; ++i) {
        IntegerStep same;
        same.kind = IntegerStep::Kind::pass;
        same.node.op = Op::max_pool;
        same.inputs[0] = i;
        same.outputs = {i + 1};
        repeated.values.push_back(repeated.values[0]);
        repeated.steps.push_back(same);
    }
    repeated.values.push_back({{1 << 12, 1 << 12, 1}, one.values[1].quantizer});
    IntegerStep quantize;
    quantize.inputs[0] = 20;
    quantize.outputs = {21};
    repeated.steps.push_back(quantize);
    IntegerStep gemm = one.steps[1];
    gemm.inputs[0] = 21;
    gemm.outputs = {22};
    gemm.weights.shape = {1, 1, 1, 1};
    gemm.node.window = {1, 1, 256};
    repeated.values.push_back({{16, 16, 1}, {}});
    repeated.steps.push_back(gemm);
    IntegerStep mean;
    mean.kind = IntegerStep::Kind::mean;
    mean.inputs[0] = 22;
    mean.outputs = {23};
    mean.node.window = {16, 16, 1, 0};
    repeated.values.push_back({{1, 1, 1}, {}});
    repeated.steps.push_back(mean);
    CHECK_THROWS_WITH_AS(repeated.check(), doctest::Contains("with their borders"), BadInput);
    for (IntegerValue& value : repeated.values)
        if (value.dims.h > 16) value.dims = {256, 256, 1};
    repeated.steps[21].node.window = {1, 1, 16};
    CHECK_NOTHROW(repeated.check());
}

TEST_CASE("integer graph: what values are called") {
    IntegerGraph graph = test::small_integer_network(1);
    CHECK(storage_name(graph.values[0]) == "f32");
    CHECK(storage_name(graph.values[1]) == "s8");
    CHECK(storage_name({{1, 1, 1}, make_quantizer(scheme_from("u5-pt"), 1)}) == "u5");
    CHECK(storage_name({{1, 1, 2}, make_channel_quantizer(scheme_from("u4-pc"), {1, 2})}) == "u4-pc");
}

}  // namespace
}  // namespace nibble
