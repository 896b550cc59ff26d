#include "engine/quant/fgq/post_training.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/infer/compare.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/catalog.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble::fgq {
namespace {

struct Fixture {
    Graph graph = make_model("resnet8-w0.5", 10, {9, 8, 3});
    Weights weights = test::random_weights(graph, 1);
    std::vector<float> images = test::random_images(graph.input_dims(), 16, 1),
                       augmented = test::random_images(graph.input_dims(), 16, 2);

    Diagnosed run(const std::string& settings) const {
        return post_train(*post_training(settings), graph, weights, images, augmented);
    }
};

TEST_CASE("fgq after training: integers agree with their simulation") {
    const Fixture f;
    for (const char* settings : {"g2a8", "g4a8", "g64a4", "g4a8-oldbn", "g4a8-t", "g8a8-exp", "w4a8"}) {
        CAPTURE(settings);
        const PostTrained made = f.run(settings).network;
        REQUIRE(runs_as_integers(made));
        Comparison comparison(lower(made.network.graph, made.network.weights, made.quantization));
        comparison.add(test::random_images(f.graph.input_dims(), 10, 2));
        CHECK(comparison.mismatches() == 0);
    }
    CHECK_FALSE(runs_as_integers(f.run("g4").network));
}

TEST_CASE("fgq after training: what is added has 8 bits, steps are powers of two") {
    const Fixture f;
    const PostTrained made = f.run("g4a4").network;
    const Graph& graph = made.network.graph;
    int residuals = 0;
    for (const auto& [edge, quantizer] : made.quantization.edges) {
        int exponent;
        CHECK(std::frexp(quantizer.step, &exponent) == 0.5f);
        const Node& reader = graph[edge.reader];
        const bool wide = reader.op == Op::add || reader.inputs[0] == 0;
        CHECK(quantizer.scheme.bits == (wide ? 8 : 4));
        residuals += reader.op == Op::add;
    }
    CHECK(residuals == 3);
}

TEST_CASE("fgq after training: batch norm estimated anew changes steps and biases, not codes") {
    const Fixture f;
    const Diagnosed old = f.run("g4a8-oldbn"), anew = f.run("g4a8");
    bool steps_differ = false;
    for (const auto& [name, layer] : anew.network.quantization.layers) {
        const QuantizedWeights& before = old.network.quantization.layers.at(name);
        CHECK(layer.codes == before.codes);
        CHECK(layer.multipliers == before.multipliers);
        steps_differ = steps_differ || layer.steps != before.steps;
    }
    CHECK(steps_differ);
    for (std::size_t i = 0; i < old.layers.size();
         ++i)  // channels count otherwise, each has the error it had
        CHECK(anew.layers[i].weight_error == doctest::Approx(old.layers[i].weight_error).epsilon(0.1));
    CHECK(anew.network.facts == old.network.facts);
    CHECK(old.network.network.weights.at("conv1.bias") != anew.network.network.weights.at("conv1.bias"));
}

TEST_CASE("fgq after training: folding batch norm leaves codes as they were, up to the sign of a channel") {
    const Fixture f;
    const auto folded = f.run("g4a8-oldbn").network.quantization.layers;
    const auto plain = NetworkLayers(f.graph, method_from("g4"), {}).quantized_weights(f.weights);
    std::size_t codes = 0, same = 0;
    for (const auto& [name, layer] : plain)
        for (std::size_t i = 0; i < layer.codes.size(); ++i, ++codes)
            same += std::abs(layer.product_of(i)) == std::abs(folded.at(name).product_of(i));
    CHECK(static_cast<double>(same) > 0.999 * static_cast<double>(codes));  // rounding may turn a few
}

TEST_CASE("fgq after training: facts, and images only where they have a say") {
    const Fixture f;
    const auto facts = f.run("g4a8").network.facts;
    CHECK(facts.at("multiplications") == static_cast<double>(f.graph.macs()));
    CHECK(facts.at("multiplications_left") < 0.4 * facts.at("multiplications"));
    CHECK(facts.at("groups_helped_by_two_thresholds") == 0);
    CHECK(facts.at("density") > 0.5);
    CHECK(facts.at("density") < 0.8);
    CHECK(facts.at("weight_error") > 0.05);
    CHECK(f.run("w4a8").network.facts.empty());
    CHECK(post_training("f32")->calibration_images() == 0);
    CHECK(post_training("g4-oldbn")->calibration_images() == 0);
    for (const char* settings : {"g4", "g4a8", "g4a8-oldbn", "w4a8"})
        CHECK(post_training(settings)->calibration_images() == 1000);
    CHECK_THROWS_AS(post_training("g1a8"), BadInput);
    for (const char* settings : {"g4", "g4a8", "w4a8"}) {
        CHECK(post_training(settings)->wants_augmented_images());
        CHECK_THROWS_WITH_AS(post_train(*post_training(settings), f.graph, f.weights, f.images),
                             doctest::Contains("augmented images: expected at least 8"), BadInput);
    }
    for (const char* settings : {"f32", "g4a8-plainbn", "g4a8-matchbn", "g4a8-oldbn"})
        CHECK_FALSE(post_training(settings)->wants_augmented_images());
}

}  // namespace
}  // namespace nibble::fgq
