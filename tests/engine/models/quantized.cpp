// Every family of networks, with random weights on small images: quantized after training and executed as integers,
// equal to the simulation in every value.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "engine/infer/compare.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/fold.hpp"
#include "engine/quant/maxabs/maxabs.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

/// The smallest image that each family takes, or nearly so. Of the VGGs the smallest: their linear layers have 120
/// million weights.
struct Case {
    const char* model;
    int size;
};
constexpr Case kCases[] = {{"squeezenet1_0", 48},      {"squeezenet1_1", 48},
                           {"googlenet", 48},          {"inception_v3", 80},
                           {"densenet121", 32},        {"densenet161", 32},
                           {"densenet169", 32},        {"densenet201", 32},
                           {"resnet18", 48},           {"resnet34", 32},
                           {"resnet50", 48},           {"resnet101", 32},
                           {"resnet152", 32},          {"resnext50_32x4d", 32},
                           {"wide_resnet50_2", 32},    {"mobilenet_v2", 48},
                           {"mobilenet_v3_small", 48}, {"mobilenet_v3_large", 48},
                           {"mnasnet0_5", 48},         {"mnasnet1_0", 48},
                           {"shufflenet_v2_x0_5", 48}, {"shufflenet_v2_x1_0", 48},
                           {"efficientnet_b0", 48},    {"mobilenet_v2-cifar", 32},
                           {"densenet40-cifar", 32},   {"shufflenet_v2_x0_5-cifar", 32}};

std::string mismatches(const Comparison& comparison) {
    std::string text;
    for (const Agreement& a : comparison.agreements())
        if (a.mismatches) text += a.step + " (" + a.storage + "): " + a.example + "\n";
    return text;
}

void check_executed(const Graph& graph, const Weights& weights, const Quantization& quantization) {
    Comparison comparison(integer_graph_from(to_safetensors(lower(graph, weights, quantization), {})));
    comparison.add(test::random_images(graph.input_dims(), 1, 3));
    CHECK(mismatches(comparison) == "");
}

void check_maxabs(const FoldedNetwork& folded, int bits, std::uint32_t stream) {
    const MaxAbs options{
        .weights = {.bits = bits, .range = Range::narrow}, .activation_bits = bits, .end_bits = bits};
    check_executed(folded.graph, folded.weights, test::quantize(folded, options, stream));
}

TEST_CASE("models: w8a8 and w4a4 by their largest magnitudes") {
    for (const auto& [model, size] : kCases) {
        CAPTURE(std::string(model));
        const Graph graph = make_model(model, 10, {size, size, 3});
        const FoldedNetwork folded = fold_batch_norm(graph, test::random_weights(graph, 1));
        check_maxabs(folded, 8, 1);
        check_maxabs(folded, 4, 1);
    }
}

TEST_CASE("models: mmse w4a4e8 and fgq g4a8") {
    for (const char* model : {"squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5",
                              "densenet40-cifar", "efficientnet_b0"}) {
        CAPTURE(std::string(model));
        const Graph graph = make_model(model, 10, {48, 48, 3});
        const Weights weights = test::random_weights(graph, 2);
        const auto images = test::random_images(graph.input_dims(), 10, 2);
        for (const auto& [family, settings] : {std::pair{"mmse", "w4a4e8"}, std::pair{"fgq", "g4a8"}}) {
            const Diagnosed result =
                post_train(*post_training_method(family, settings), graph, weights, images, images);
            const FoldedNetwork& network = result.network.network;
            check_executed(network.graph, network.weights, result.network.quantization);
        }
    }
}

}  // namespace
}  // namespace nibble
