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
    Json json = test::result("ptq/resnet8--glyphs--w4a4--s0", 80);
    json.erase("history");
    json["metrics"].erase("train");
    json["metrics"].erase("generalization_gap");
    json["parent"] = {{"source", "mine.safetensors"}, {"digest", "p"}};
    json["calibration"] = {{"split", "train"}, {"images", 512}, {"ids_digest", "i"}};
    json["quantization"] = {{"bits_per_weight", 4.5},
                            {"product_overhead", 1.1},
                            {"file_bytes", 1000},
                            {"facts", {{"tau", 0.5}}},
                            {"curves", {{"conv1", {{0.5, 0.25}, {1.0, 0.75}}}}},
                            {"layers",
                             {{{"name", "conv1"},
                               {"weights", "s4-pc"},
                               {"weight_error", 0.01},
                               {"bits_per_weight", 4.5},
                               {"kernels", 16},
                               {"extra_kernels", 2},
                               {"input", "u4-pt"},
                               {"input_step", 0.125},
                               {"input_error", 0.02}}}}};
    return json;
}
}  // namespace

TEST_CASE("results of trained and of quantized networks are read back") {
    const Result trained = result_from(test::result("aqt/resnet8--glyphs--w4a4--s0", 80), "here");
    CHECK(!trained.quantized);
    CHECK(trained.history.size() == 3);
    const Result r = result_from(quantized(), "here");
    REQUIRE(r.quantized);
    CHECK(r.history.empty());
    CHECK(r.top1 == 80);
    CHECK(r.quantized->parent == "mine.safetensors");
    CHECK(r.quantized->calibration == 512);
    CHECK(r.quantized->file_bytes == 1000);
    CHECK(r.quantized->facts.at("tau") == 0.5);
    CHECK(r.quantized->curves.at("conv1").back() == std::pair{1.0, 0.75});
    REQUIRE(r.quantized->layers.size() == 1);
    CHECK(r.quantized->layers[0].weights == "s4-pc");
    CHECK(r.quantized->layers[0].extra_kernels == 2);
    CHECK(r.quantized->layers[0].input_step == 0.125);

    Json floats = quantized();
    floats["calibration"] = nullptr;
    floats["quantization"]["file_bytes"] = nullptr;
    for (const char* key : {"weights", "input", "input_step", "input_error"})
        floats["quantization"]["layers"][0][key] = nullptr;
    const Result f = result_from(floats, "here");
    CHECK(f.quantized->calibration == 0);
    CHECK(!f.quantized->file_bytes);
    CHECK(!f.quantized->layers[0].weights);
}

TEST_CASE("which images were correct: as many as top1 states, or not known") {
    Json json = test::result("aqt/resnet8--glyphs--w4a4--s0", 80);
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
    refused([](Json& j) { j["metrics"]["train"] = test::metrics(90); });
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
        [](Json& r) { r["metrics"]["generalization_gap"] = -200; },
        [](Json& r) { r["cost"]["macs"] = std::numeric_limits<std::uint64_t>::max(); },
        [](Json& r) { r["cost"]["quadratic_cost"] = -1; },
        [](Json& r) { r["history"][1]["epoch"] = -1; },
        [](Json& r) { r["history"][2]["eval_top1"] = 101; },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        CAPTURE(i);
        Json json = test::result("aqt/resnet8--glyphs--w4a4--s0", 80);
        changes[i](json);
        CHECK_THROWS_WITH_AS(result_from(json, "here"), doctest::Contains("unexpected type or range"),
                             BadInput);
    }
    Json overhead = quantized();
    overhead["quantization"]["product_overhead"] = 0.5;
    CHECK_THROWS_AS(result_from(overhead, "here"), BadInput);
}
