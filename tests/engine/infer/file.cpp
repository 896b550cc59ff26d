#include "engine/infer/file.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/executor.hpp"
#include "tests/helpers/integer_file.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

Safetensors example() {
    return to_safetensors(test::small_integer_network(1), {{"model", "small"}});
}

TEST_CASE("integer file: a network comes back, with equal logits, and equal networks give equal bytes") {
    for (std::uint32_t stream = 0; stream < 4; ++stream) {
        const IntegerGraph before = test::small_integer_network(stream);
        const std::string bytes = bytes_of(to_safetensors(before, {{"model", "small"}}));
        const Safetensors file = safetensors_from(bytes, "file");
        CHECK(is_integer_network(file));
        CHECK(file.metadata.at("model") == "small");
        const IntegerGraph after = integer_graph_from(file);
        CHECK(bytes_of(to_safetensors(after, {{"model", "small"}})) == bytes);

        REQUIRE(after.values.size() == before.values.size());
        for (std::size_t v = 0; v < before.values.size(); ++v) {
            CHECK(after.values[v].dims == before.values[v].dims);
            CHECK(after.values[v].quantizer == before.values[v].quantizer);
        }
        REQUIRE(after.steps.size() == before.steps.size());
        for (std::size_t i = 0; i < before.steps.size(); ++i) {
            const IntegerStep &a = before.steps[i], &b = after.steps[i];
            CAPTURE(a.node.name);
            CHECK(a.kind == b.kind);
            CHECK(a.node.name == b.node.name);
            CHECK(a.inputs[0] == b.inputs[0]);
            CHECK(a.outputs == b.outputs);
            CHECK(a.node.window == b.node.window);
            CHECK(a.node.stride == b.node.stride);
            CHECK(a.weights.scheme == b.weights.scheme);
            CHECK(a.weights.shape == b.weights.shape);
            CHECK(a.weights.codes == b.weights.codes);
            CHECK(a.weights.steps == b.weights.steps);
            CHECK(a.weights.multipliers == b.weights.multipliers);
            REQUIRE(a.weights.extra.size() == b.weights.extra.size());
            for (std::size_t e = 0; e < a.weights.extra.size(); ++e) {
                CHECK(a.weights.extra[e].outputs == b.weights.extra[e].outputs);
                CHECK(a.weights.extra[e].codes == b.weights.extra[e].codes);
                CHECK(a.weights.extra[e].steps == b.weights.extra[e].steps);
            }
            CHECK(a.extra_scale == b.extra_scale);
            CHECK(a.scale == b.scale);
            CHECK(a.shift == b.shift);
            CHECK(a.residual == b.residual);
            CHECK(a.node.clamp == b.node.clamp);
        }
        const auto images = test::random_images(before.input_dims(), 5, stream);
        std::vector<float> expected(25), logits(25);
        IntegerExecutor(before).logits(images, expected);
        IntegerExecutor(after).logits(images, logits);
        CHECK(logits == expected);
    }
}

TEST_CASE("integer file: a network that does not pass its check is not written") {
    IntegerGraph bad = test::small_integer_network(1);
    bad.steps[1].scale[0] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_AS(to_safetensors(bad, {}), BadInput);
    CHECK(to_safetensors(test::small_integer_network(1), {{"version", "7"}}).metadata.at("version") == "1");
}

/// The message that reading ends with, "" if it does not; checks that it is one line.
std::string complaint(const Safetensors& file) {
    try {
        integer_graph_from(file);
        return "";
    } catch (const Error& e) {
        const std::string message = e.what();
        CHECK(message.find('\n') == std::string::npos);
        CHECK(message.find('\x1b') == std::string::npos);
        CHECK(message.size() < 400);
        return message;
    }
}

void refused(const std::string& expected, const std::function<void(Safetensors&)>& fault) {
    Safetensors file = example();
    fault(file);
    const std::string found = complaint(file);
    CAPTURE(expected);
    CAPTURE(found);
    CHECK(found.find(expected) != std::string::npos);
}

/// A fault in the graph of the metadata.
void graph_refused(const std::string& expected, const std::function<void(Json&)>& fault) {
    refused(expected, [&](Safetensors& file) {
        Json graph = Json::parse(file.metadata.at("graph"));
        fault(graph);
        file.metadata["graph"] = graph.dump();
    });
}

TEST_CASE("integer file: format, version and the text of the graph") {
    CHECK(complaint(example()).empty());
    CHECK_FALSE(is_integer_network({}));
    refused("format", [](auto& f) { f.metadata.clear(); });
    refused("format", [](auto& f) { f.metadata["format"] = "nibble\n\x1b[31m"; });
    refused("version", [](auto& f) { f.metadata.erase("version"); });
    refused("version", [](auto& f) { f.metadata["version"] = "3"; });
    for (const char* text : {"", "{", "nonsense", "{\"values\":[],\"steps\":[]} x", "[1,]", "{\"a\":1e999}"})
        refused("the graph", [&](auto& f) { f.metadata["graph"] = text; });
    refused("the graph", [](auto& f) { f.metadata.erase("graph"); });
    refused("JSON object", [](auto& f) { f.metadata["graph"] = "[]"; });
    refused("'values' is missing", [](auto& f) { f.metadata["graph"] = "{}"; });
    refused("unexpected type", [](auto& f) { f.metadata["graph"] = R"({"values":{},"steps":[]})"; });
    refused("number of steps", [](auto& f) {
        f = {{}, f.metadata};
        f.metadata["graph"] = R"({"values":[],"steps":[]})";
    });
    refused("two entries named",
            [](auto& f) { f.metadata["graph"] = R"({"values":[],"values":[],"steps":[]})"; });
    // Deep enough to exhaust the stack of anything that recurses, and many enough to fill the memory.
    refused("nested too deeply", [](auto& f) { f.metadata["graph"] = std::string(1 << 20, '['); });
    refused("nested too deeply", [](auto& f) {
        f.metadata["graph"] = R"({"values":[{"dims":[1,1,1],"quantizer":)" + std::string(1 << 20, '[') +
                              std::string(1 << 20, ']') + R"(}],"steps":[]})";
    });
    refused("too many values", [](auto& f) {
        std::string text = R"({"steps":[],"values":[0)";
        for (int i = 0; i < 1'000'001; ++i) text += ",0";
        f.metadata["graph"] = text + "]}";
    });
}

TEST_CASE("integer file: values") {
    const auto value = [](const std::string& expected, const std::function<void(Json&)>& fault) {
        graph_refused(expected, [&](Json& g) { fault(g["values"][1]); });
    };
    value("JSON object", [](Json& v) { v = 1; });
    value("unknown key 'extra", [](Json& v) { v["extra\n"] = 1; });
    value("dims", [](Json& v) { v.erase("dims"); });
    for (const Json& bad :
         {Json{1, 2}, Json{1, 2, 3, 4}, Json{1, 2, 2.5}, Json{1, 2, "3"}, Json{1, 2, std::int64_t{1} << 40},
          Json{1, 2, true}, Json{1, 2, UINT64_MAX}, Json(7)})
        value("dims", [&](Json& v) { v["dims"] = bad; });
    value("shape of a value", [](Json& v) { v["dims"] = {1 << 28, 1 << 28, 1 << 28}; });
    value("shape of a value", [](Json& v) { v["dims"] = {0, 7, 3}; });
    value("shape of a value", [](Json& v) { v["dims"] = {8, 7, -3}; });
    value("JSON object", [](Json& v) { v["quantizer"] = "u8-pt"; });
    const auto quantizer = [&](const std::string& expected, const char* key, const Json& to) {
        value(expected, [&](Json& v) { v["quantizer"][key] = to; });
    };
    for (const char* key : {"scheme", "rounding", "multiplier", "step"})
        value("is missing", [&](Json& v) { v["quantizer"].erase(key); });
    quantizer("scheme", "scheme", "u8\n-pt");
    quantizer("scheme", "scheme", "u9-pt");
    quantizer("scheme", "scheme", "t-pt");
    quantizer("scheme", "scheme", 8);
    quantizer("rounding", "rounding", "nearest");
    quantizer("unknown key", "zero", 0);
    for (const char* key : {"multiplier", "step"}) {
        for (const Json& bad : {Json(0), Json(-1), Json(1e39), Json(-1e39), Json(1e-42), Json(12345)})
            quantizer("quantizer of activations", key, bad);
        quantizer("unexpected type", key, "1");
        quantizer("unexpected type", key, nullptr);
        quantizer("unexpected type", key, true);
    }
    graph_refused("never computed", [](Json& g) { g["values"].push_back(g["values"][0]); });
    graph_refused("computed before", [](Json& g) { g["values"].erase(g["values"].size() - 1); });
}

std::size_t index_of(const Json& graph, const std::string& name) {
    for (std::size_t i = 0; i < graph["steps"].size(); ++i)
        if (graph["steps"][i]["name"] == name) return i;
    FAIL("no step " << name);
    return 0;
}

TEST_CASE("integer file: steps") {
    const auto step = [](const std::string& expected, const std::string& name, const char* key,
                         const Json& to) {
        graph_refused(expected, [&](Json& g) { g["steps"][index_of(g, name)][key] = to; });
    };
    for (const char* key : {"op", "name", "input", "outputs", "window", "scheme", "shape", "relu"})
        graph_refused("is missing", [&](Json& g) { g["steps"][index_of(g, "side")].erase(key); });
    graph_refused("is missing", [](Json& g) { g["steps"][index_of(g, "shortcut")].erase("stride"); });
    graph_refused("JSON object", [](Json& g) { g["steps"][0] = Json::array(); });
    step("operation", "side", "op", "conv\x1b[2J");
    step("operation", "side", "op", "");
    step("unknown key", "side", "stride", 1);
    step("unknown key", "max_pool", "scheme", "s8-pc");
    step("unexpected type", "side", "relu", 1);
    step("scheme", "side", "scheme", "s4");
    step("scheme", "side", "scheme", "t-g1");
    step("computed before", "side", "residual", 1000);
    step("residual", "side", "residual", -2);
    step("unexpected type", "side", "residual", 1e10);
    // Cycles and references forward.
    const Json graph = Json::parse(example().metadata.at("graph"));
    const auto outputs = [&](const char* name) { return graph["steps"][index_of(graph, name)]["outputs"]; };
    step("computed before", "first", "input", outputs("first")[0]);
    step("computed before", "first", "input", outputs("side")[0]);
    step("computed before", "side", "input", -1);
    step("computed before", "side", "residual", outputs("side")[0]);
    step("not computed before", "side", "outputs", outputs("first"));
    step("not computed before", "side", "outputs", Json{0});
    step("at least one", "side", "outputs", Json::array());
    for (const Json& bad :
         {Json{3, 3, 1}, Json{3, 3, 1, 1, 1}, Json{3, 3, 1, 1 << 29}, Json{3, 3, 1, 0.5}, Json(3)})
        step("window", "first", "window", bad);
    step("window", "first", "window", Json{3, 3, 0, 1});
    step("window", "max_pool", "window", Json{1 << 20, 1, 1, 0});
    step("stride", "shortcut", "stride", 0);
    // Shapes that are huge, or of no size, before anything is allocated for them.
    for (const Json& bad : {Json{1 << 28, 1 << 28}, Json{1 << 28, 1 << 28, 1 << 28, 1 << 28},
                            Json{0, 3, 3, 3}, Json{-1, 3, 3, 3}, Json{1 << 15, 1 << 15, 2, 2}})
        step("shape of weights", "first", "shape", bad);
    step("shape of weights", "first", "shape", Json{-2, 3, 3, 3});
    step("shape", "first", "shape", Json{std::int64_t{1} << 62, 4, 1, 1});
    step("linear layer", "first", "shape", Json{4, 27});
    step("dimensions of weights", "first", "shape", Json{4, 3, 9});
    step("packed codes", "first", "shape", Json{4, 3, 3, 4});
    step("packed codes", "first", "shape", Json{1 << 10, 1 << 20, 1, 1});
    step("shape of its weights", "first", "shape", Json{4, 9, 3, 1});
    // A name is quoted in messages, and may hold anything.
    graph_refused("step 1 (product two lines)", [](Json& g) {
        g["steps"][1]["name"] = "two\nlines";
        g["steps"][1]["window"][0] = 0;
    });
}

void put(StoredTensor& tensor, std::size_t i, float value) {
    std::memcpy(tensor.bytes.data() + 4 * i, &value, 4);
}

/// "001.codes" of the step with this name.
std::string tensor_name(const Safetensors& file, const std::string& step, const std::string& part) {
    const std::size_t i = index_of(Json::parse(file.metadata.at("graph")), step);
    return (i < 10 ? "00" : "0") + std::to_string(i) + "." + part;
}

TEST_CASE("integer file: tensors missing, left over, of the wrong type or size") {
    const auto tensor = [](const std::string& expected, const char* step, const char* part,
                           const std::function<void(StoredTensor&)>& fault) {
        refused(expected, [&](Safetensors& f) { fault(f.tensors.at(tensor_name(f, step, part))); });
    };
    for (const char* part : {"codes", "steps", "scale", "shift", "multipliers"}) {
        refused("is missing", [&](auto& f) { f.tensors.erase(tensor_name(f, "groups", part)); });
        tensor("type", "groups", part, [](auto& t) { t.dtype = "I32"; });
        for (const std::size_t bytes : {std::size_t{0}, std::size_t{4}, std::size_t{1000}})
            tensor("expected", "groups", part, [&](auto& t) { t.bytes.resize(bytes); });
    }
    refused("belongs to nothing", [](auto& f) { f.tensors["extra\n\x1b[2J"] = {"U8", {0}, {}}; });
    refused("belongs to nothing", [](auto& f) {
        f.tensors[tensor_name(f, "side", "multipliers")] = {"U8", {0}, {}};
    });
    const float infinity = std::numeric_limits<float>::infinity(),
                nan = std::numeric_limits<float>::quiet_NaN();
    for (float bad : {infinity, -infinity, nan}) {
        for (const char* part : {"scale", "shift"})
            tensor("scales and shifts", "first", part, [&](auto& t) { put(t, 1, bad); });
        tensor("step", "first", "steps", [&](auto& t) { put(t, 1, bad); });
    }
    tensor("step", "first", "steps", [](auto& t) { put(t, 1, 0); });
    tensor("multiplier", "groups", "multipliers", [](auto& t) { t.bytes[0] = std::byte{0}; });
    tensor("multiplier", "groups", "multipliers",
           [](auto& t) { std::fill(t.bytes.begin(), t.bytes.end(), std::byte{255}); });
    tensor("code", "first", "codes",
           [](auto& t) { t.bytes[0] = std::byte{0x80}; });  // -128 in a narrow range
    tensor("code", "narrow", "codes", [](auto& t) { t.bytes[0] = std::byte{0x18}; });  // -8
    tensor("code", "side", "codes", [](auto& t) { t.bytes[0] = std::byte{0x03}; });
    tensor("filling", "side", "codes", [](auto& t) { t.bytes.back() ^= std::byte{0x80}; });
}

TEST_CASE("integer file: extra terms of sums") {
    const auto tensor = [](const std::string& expected, const char* part,
                           const std::function<void(StoredTensor&)>& fault) {
        refused(expected, [&](Safetensors& f) { fault(f.tensors.at(tensor_name(f, "narrow", part))); });
    };
    for (const char* term : {"term2.", "term3."})
        for (const char* part : {"outputs", "codes", "steps", "scale"}) {
            const std::string name = std::string(term) + part;
            refused("is missing", [&](auto& f) { f.tensors.erase(tensor_name(f, "narrow", name)); });
            tensor("type", name.c_str(), [](auto& t) { t.dtype = "I32"; });
            for (const std::size_t bytes : {std::size_t{0}, std::size_t{400}})
                tensor("expected", name.c_str(), [&](auto& t) { t.bytes.resize(bytes); });
        }
    const auto put_output = [](StoredTensor& t, std::size_t i, std::uint32_t output) {
        std::memcpy(t.bytes.data() + 4 * i, &output, 4);
    };
    tensor("channels: expected at most 5", "term2.outputs", [](auto& t) { t.bytes.resize(24); });
    tensor("ascending", "term2.outputs", [&](auto& t) { put_output(t, 0, 5); });
    tensor("ascending", "term2.outputs", [&](auto& t) { put_output(t, 0, 0x80000000u); });
    tensor("ascending", "term3.outputs", [&](auto& t) {
        put_output(t, 0, 1);
        put_output(t, 1, 1);
    });
    const float infinity = std::numeric_limits<float>::infinity();
    tensor("of an extra term", "term2.steps", [&](auto& t) { put(t, 0, infinity); });
    tensor("of an extra term", "term2.steps", [&](auto& t) { put(t, 0, 0); });
    tensor("scales of extra terms", "term2.scale", [&](auto& t) { put(t, 0, -infinity); });
    tensor("code", "term2.codes", [](auto& t) { t.bytes[0] = std::byte{0x18}; });  // -8 in a narrow range
    refused("belongs to nothing", [](auto& f) {
        f.tensors[tensor_name(f, "narrow", "term4.steps")] = {"F32", {0}, {}};
    });
    refused("belongs to nothing", [](auto& f) {
        Json graph = Json::parse(f.metadata.at("graph"));
        graph["steps"][index_of(graph, "narrow")]["scheme"] = "s4nx2-pc";
        f.metadata["graph"] = graph.dump();
    });
    // A sum in which nothing has a second term.
    IntegerGraph empty = test::small_integer_network(1);
    for (IntegerStep& step : empty.steps)
        for (std::size_t e = 0; e < step.extra_scale.size(); ++e) {
            step.weights.extra[e] = {};
            step.extra_scale[e].clear();
        }
    const std::string bytes = bytes_of(to_safetensors(empty, {}));
    CHECK(test::try_integer_file(bytes) == test::Outcome::ran);
}

TEST_CASE("integer file: multipliers of values quantized by channel") {
    const Safetensors file = example();
    const Json graph = Json::parse(file.metadata.at("graph"));
    const std::size_t value = graph["steps"][index_of(graph, "ternary")]["input"];
    const std::string name = (value < 10 ? "value00" : "value0") + std::to_string(value) + ".multipliers";
    REQUIRE(file.tensors.contains(name));
    CHECK(graph["values"][value]["quantizer"].size() == 2);
    const auto tensor = [&](const std::string& expected, const std::function<void(StoredTensor&)>& fault) {
        refused(expected, [&](Safetensors& f) { fault(f.tensors.at(name)); });
    };
    refused("is missing", [&](auto& f) { f.tensors.erase(name); });
    tensor("type", [](auto& t) { t.dtype = "U8"; });
    for (const std::size_t bytes : {std::size_t{4}, std::size_t{12}, std::size_t{4000}})
        tensor("number of multipliers", [&](auto& t) { t.bytes.resize(bytes, std::byte{0x3f}); });
    tensor("multipliers: expected some", [](auto& t) { t.bytes.clear(); });
    const float infinity = std::numeric_limits<float>::infinity(),
                nan = std::numeric_limits<float>::quiet_NaN();
    for (float bad : {0.0f, -0.0f, -1.0f, infinity, nan, 1e-40f})
        tensor("scale", [&](auto& t) { put(t, 3, bad); });
    const auto quantizer = [&](const std::string& expected, std::size_t v,
                               const std::function<void(Json&)>& fault) {
        graph_refused(expected, [&](Json& g) { fault(g["values"][v]["quantizer"]); });
    };
    for (const char* key : {"step", "multiplier"})
        quantizer("unknown key", value, [&](Json& q) { q[key] = 1; });
    quantizer("'multiplier' is missing", value, [](Json& q) { q["scheme"] = "u8-pt"; });
    quantizer("scheme", value, [](Json& q) { q["scheme"] = "t-pc"; });
    quantizer("'value001.multipliers' is missing", 1, [](Json& q) {
        q = {{"scheme", "s8-pc"}, {"rounding", "nearest_even"}};
    });
    refused("belongs to nothing", [](auto& f) { f.tensors["value001.multipliers"] = {"F32", {0}, {}}; });
}

TEST_CASE("integer file: tensors that overlap are refused") {
    const std::string bytes = bytes_of(example());
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    Json header = Json::parse(bytes.substr(8, length));
    const Json first = header[tensor_name(example(), "first", "scale")]["data_offsets"];
    header[tensor_name(example(), "first", "shift")]["data_offsets"] = first;
    const std::string text = header.dump();
    length = text.size();
    const std::string file =
        std::string(reinterpret_cast<const char*>(&length), 8) + text + bytes.substr(bytes.size() - 100);
    CHECK_THROWS_AS(safetensors_from(file, "file"), BadInput);
}

}  // namespace
}  // namespace nibble
