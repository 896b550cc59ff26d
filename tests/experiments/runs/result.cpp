#include "experiments/runs/result.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <vector>

#include "engine/core/error.hpp"
#include "tests/helpers/results.hpp"

using namespace nibble;

namespace {
/// Of a cell that quantizes a trained network, with one layer.
Json quantized() {
    Result r = test::result("ptq/resnet8--glyphs--w4a4--s0", 80);
    r.parent = {"mine.safetensors", "p"};
    Result::Quantization& q = r.quantization.emplace();
    q.calibration = {"train", 512, "i"};
    q.product_overhead = 1.1;
    q.file_bytes = 1000;
    q.facts["tau"] = 0.5;
    q.curves["conv1"] = {{0.5, 0.25}, {1.0, 0.75}};
    q.layers = {{"conv1", "s4-pc", "u4-pt", 0.01, 4.5, 16, 2, 0.125, 0.02}};
    return to_json(r);
}
}  // namespace

TEST_CASE("results of trained and of quantized networks are read back") {
    const Result trained = result_from(to_json(test::result("aqt/resnet8--glyphs--w4a4--s0", 80)), "here");
    CHECK(!trained.quantization);
    CHECK(trained.history.size() == 3);
    const Result r = result_from(quantized(), "here");
    REQUIRE(r.quantization);
    CHECK(r.history.empty());
    CHECK(r.eval.top1 == 80);
    CHECK(r.parent->source == "mine.safetensors");
    CHECK(r.quantization->calibration->images == 512);
    CHECK(r.quantization->file_bytes == 1000);
    CHECK(r.quantization->facts.at("tau") == 0.5);
    CHECK(r.quantization->curves.at("conv1").back() == std::pair{1.0, 0.75});
    REQUIRE(r.quantization->layers.size() == 1);
    CHECK(r.quantization->layers[0].weights == "s4-pc");
    CHECK(r.quantization->layers[0].dual_channels == 2);
    CHECK(r.quantization->layers[0].input_step == 0.125);

    Json floats = quantized();
    floats["calibration"] = nullptr;
    floats["quantization"]["file_bytes"] = nullptr;
    for (const char* key : {"weights", "input", "input_step", "input_error"})
        floats["quantization"]["layers"][0][key] = nullptr;
    const Result f = result_from(floats, "here");
    CHECK(!f.quantization->calibration);
    CHECK(!f.quantization->file_bytes);
    CHECK(!f.quantization->layers[0].weights);
}

TEST_CASE("which images were correct: as many as top1 states, or not known") {
    Json json = to_json(test::result("aqt/resnet8--glyphs--w4a4--s0", 80));
    CHECK(result_from(json, "here").correct.size() == 10000);
    json["correct"] = nullptr;
    CHECK(result_from(json, "here").correct.empty());
    json["correct"] = to_base64(CorrectImages(10000));
    CHECK_THROWS_WITH_AS(result_from(json, "here"), doctest::Contains("as many as top1 states"), BadInput);
    json["correct"] = "AQ==";
    CHECK_THROWS_AS(result_from(json, "here"), BadInput);
    json.erase("correct");
    CHECK_THROWS_AS(result_from(json, "here"), BadInput);
}

TEST_CASE("a result says everything its kind says, and nothing else") {
    const auto refused = [](const std::function<void(Json&)>& spoil) {
        Json json = quantized();
        spoil(json);
        CHECK_THROWS_AS(result_from(json, "here"), BadInput);
    };
    refused([](Json& j) { j.erase("parent"); });  // then it is one of training, without history
    refused([](Json& j) { j["parent"].erase("digest"); });
    refused([](Json& j) { j.erase("calibration"); });
    refused([](Json& j) { j["calibration"]["time"] = 1; });
    refused([](Json& j) { j["history"] = Json::array(); });
    refused([](Json& j) { j["metrics"]["train"] = j["metrics"]["eval"]; });
    refused([](Json& j) { j["quantization"].erase("facts"); });
    refused([](Json& j) { j["quantization"]["layers"][0].erase("weight_error"); });
    refused([](Json& j) { j["quantization"]["layers"][0]["kernels"] = -1; });
}

TEST_CASE("figures that no run can have made are refused") {
    const std::vector<std::function<void(Json&)>> changes = {
        [](Json& r) { r["metrics"]["eval"]["top1"] = -1e308; },
        [](Json& r) { r["metrics"]["eval"]["top5"] = 100.01; },
        [](Json& r) { r["metrics"]["train"]["loss"] = -1; },
        [](Json& r) { r["metrics"]["eval"]["images"] = 0; },
        [](Json& r) { r["cost"]["macs"] = std::numeric_limits<std::uint64_t>::max(); },
        [](Json& r) { r["cost"]["quadratic_cost"] = -1; },
        [](Json& r) { r["history"][1]["epoch"] = -1; },
        [](Json& r) { r["history"][2]["eval_top1"] = 101; },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        CAPTURE(i);
        Json json = to_json(test::result("aqt/resnet8--glyphs--w4a4--s0", 80));
        changes[i](json);
        CHECK_THROWS_WITH_AS(result_from(json, "here"), doctest::Contains("unexpected type or range"),
                             BadInput);
    }
    Json gap = to_json(test::result("aqt/resnet8--glyphs--w4a4--s0", 80));
    gap["metrics"]["generalization_gap"] = 17;
    CHECK_THROWS_WITH_AS(result_from(gap, "here"), doctest::Contains("is not training minus test"), BadInput);
    Json overhead = quantized();
    overhead["quantization"]["product_overhead"] = 0.5;
    CHECK_THROWS_AS(result_from(overhead, "here"), BadInput);
}
