// What is said of a quantized network whose weights are sums, and that its file runs as its simulation says.
#include "experiments/pipeline/files/network_file.hpp"

#include <doctest/doctest.h>

#include "engine/core/json.hpp"
#include "engine/infer/compare.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "tests/helpers/networks.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

TEST_CASE("sums: bits, the table of layers, the file and its execution") {
    const Graph graph = resnet_cifar({.depth = 8});
    const FoldedNetwork folded = fold_batch_norm(graph, test::random_weights(graph, 1));
    Quantization q =
        test::quantize(folded, {.weights = scheme_from("s4-pc"), .activation_bits = 4, .end_bits = 8}, 1);
    CHECK(bits_of(lower(folded.graph, folded.weights, q)) == "w4a4e8");
    const std::string dual = "layer2.0.conv2", single = "layer3.0.conv1";
    const auto as_sum = [&](const std::string& name, std::vector<std::uint32_t> kernels) {
        q.layers.at(name) =
            mmse::quantize_dual(folded.weights.at(name + ".weight"), scheme_from("s4x2-pc"), kernels);
    };
    as_sum(single, {});
    CHECK(bits_of(lower(folded.graph, folded.weights, q)) == "w4a4e8");
    as_sum(dual, {3, 4, 31});
    const IntegerGraph integers = lower(folded.graph, folded.weights, q);
    CHECK(bits_of(integers) == "w4x2a4e8");
    int found = 0;
    for (const Json& layer : layers_of(integers)) {
        if (layer.at("layer") == dual) found += layer.at("weights") == "s4x2-pc 3/32";
        if (layer.at("layer") == single) found += layer.at("weights") == "s4x2-pc 0/64";
    }
    CHECK(found == 2);

    const test::Scratch scratch("network-file");
    const std::string path = (scratch / "dual.safetensors").string();
    write_safetensors(path, to_safetensors(integers, {{"model", "resnet8"}}));
    const NetworkFile file = open_network(path, {});
    REQUIRE(file.integers);
    CHECK(file.executed_as.starts_with("w4x2a4e8"));
    CHECK(weight_bytes(*file.integers) == weight_bytes(integers));
    Comparison comparison(*file.integers);
    comparison.add(test::random_images(graph.input_dims(), 3, 1));
    CHECK(comparison.mismatches() == 0);
}
