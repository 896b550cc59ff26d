#include "experiments/pipeline/files/weights_file.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/models/catalog.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

namespace {
Weights plausible_weights(const Graph& graph) {
    Weights weights;
    for (const auto& [name, shape, start] : graph.parameters()) {
        Array<float> values(shape);
        values.fill(0.5f);
        weights.emplace(name, values);
    }
    return weights;
}
}  // namespace

TEST_CASE("weights and normalization survive a file") {
    const test::Scratch scratch("weights");
    const Graph graph = make_model("resnet8", 10, {32, 32, 3});
    const Weights weights = plausible_weights(graph);
    const Normalization normalization{{0.4914f, 0.1f, 1e-3f}, {0.2470f, 3, 1.0f / 3}};
    write_weights(scratch / "w.safetensors", weights, to_metadata(normalization, {}));
    const WeightsFile file = read_weights(scratch / "w.safetensors");
    CHECK(digest_of(file.weights) == digest_of(weights));
    CHECK(file.normalization("w").value() == normalization);
    CHECK_NOTHROW(check(file, graph, "w"));
    CHECK_THROWS_WITH_AS(check(file, make_model("resnet14", 10, {32, 32, 3}), "w"), doctest::Contains("w: "),
                         BadInput);
}

TEST_CASE("metadata from outside is checked") {
    WeightsFile file;
    CHECK_FALSE(file.normalization("w").has_value());
    file.metadata["normalize_mean"] = "0.485, 0.456,0.406";
    CHECK_THROWS_AS(file.normalization("w"), BadInput);
    for (const char* wrong : {"", ",", "1,", "1,,2", "a", "1;2", "1 2"}) {
        file.metadata["normalize_std"] = wrong;
        CHECK_THROWS_AS(file.normalization("w"), BadInput);
    }
    file.metadata["normalize_std"] = "1,2,3";
    CHECK(file.normalization("w")->mean == std::vector{0.485f, 0.456f, 0.406f});

    const Graph graph = make_model("resnet8", 10, {32, 32, 3});
    file.weights = plausible_weights(graph);
    file.metadata["bn_eps"] = "1e-05";
    CHECK_NOTHROW(check(file, graph, "w"));
    file.metadata["bn_eps"] = "0.001";
    CHECK_THROWS_WITH_AS(check(file, graph, "w"), doctest::Contains("bn_eps"), BadInput);
}

TEST_CASE("PyTorch's batch counters are left out") {
    const test::Scratch scratch("counters");
    Safetensors stored;
    stored.tensors["bn1.num_batches_tracked"] = {"I64", {}, std::vector<std::byte>(8)};
    stored.tensors["conv1.weight"] = StoredTensor::from(Array<float>(Shape{1, 1, 1, 1}, 2.0f));
    write_safetensors(scratch / "w.safetensors", stored);
    CHECK(read_weights(scratch / "w.safetensors").weights.size() == 1);
}

TEST_CASE("torchvision's files: DenseNet's older names, and classifiers that only training uses") {
    const Graph graph = make_model("densenet40-cifar", 10, {32, 32, 3});
    const Weights weights = plausible_weights(graph);
    WeightsFile file;
    std::size_t renamed = 0;
    for (const auto& [name, values] : weights) {
        std::string older = name;
        for (const char* part : {"norm", "conv"})
            for (const char* number : {"1.", "2."})
                if (const auto at = name.find(std::string(part) + number);
                    at != std::string::npos && name.find("denselayer") < at) {
                    older.insert(at + 4, ".");
                    ++renamed;
                }
        file.weights.emplace(older, values);
    }
    CHECK(renamed > 0);
    file.weights["AuxLogits.fc.bias"] = file.weights["aux1.conv.weight"] = Array<float>(Shape{1}, 1.0f);
    CHECK_THROWS_AS(check(file, graph, "w"), BadInput);
    CHECK_NOTHROW(fit(file, graph, "w"));
    CHECK(digest_of(file.weights) == digest_of(weights));
    file.weights["aux3.bias"] = Array<float>(Shape{1}, 1.0f);  // of nobody
    CHECK_THROWS_WITH_AS(fit(file, graph, "w"), doctest::Contains("aux3"), BadInput);
}

TEST_CASE(
    "what wrappers put before every name is left out, and the last layer may have the other usual name") {
    const Graph graph = make_model("resnet8", 10, {32, 32, 3});
    const Weights weights = plausible_weights(graph);
    const auto renamed = [&](const std::string& wrapper, const std::string& last) {
        Safetensors stored;
        for (const auto& [name, values] : weights) {
            const bool is_last = name.starts_with("linear.");
            stored.tensors.emplace(wrapper + (is_last ? last + name.substr(6) : name),
                                   StoredTensor::from(values));
        }
        return weights_from(std::move(stored), "w");
    };
    for (const char* wrapper : {"", "module.", "_orig_mod.module.", "net."}) {
        WeightsFile file = renamed(wrapper, "fc");
        CHECK_THROWS_AS(check(file, graph, "w"), BadInput);
        CHECK_NOTHROW(fit(file, graph, "w"));
        CHECK(digest_of(file.weights) == digest_of(weights));
    }
    WeightsFile other = renamed("", "classifier");
    CHECK_THROWS_WITH_AS(fit(other, graph, "w"), doctest::Contains("linear"), BadInput);
    // One name without it: then it is no wrapper.
    Safetensors mixed;
    mixed.tensors["module.a"] = mixed.tensors["b"] = StoredTensor::from(Array<float>(Shape{1}, 1.0f));
    CHECK(weights_from(mixed, "w").weights.contains("module.a"));
}
