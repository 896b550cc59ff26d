// Networks trained with quantized weights and activations: what they compute is what the integer kernels
// compute, and their state survives a checkpoint.
#include <doctest/doctest.h>

#include <filesystem>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/network.hpp"
#include "engine/quant/aqt/quantizer.hpp"
#include "engine/train/trainer.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

constexpr int kBatch = 10, kSteps = 8;

Graph small_resnet(Shortcut shortcut) {
    return resnet_cifar({.depth = 8, .width = 0.5, .shortcut = shortcut, .classes = 7, .input = {12, 12, 3}});
}

void take_steps(Trainer& trainer, const Graph& graph, int from, int to) {
    for (int step = from; step < to; ++step) {
        const auto images = test::random_images(graph.input_dims(), kBatch, 50 + step);
        std::vector<std::int32_t> labels;
        for (int i = 0; i < kBatch; ++i) labels.push_back((i + step) % 7);
        trainer.step(images, labels);
    }
}

Recipe short_recipe() {
    Recipe recipe;
    recipe.epochs = kSteps;
    recipe.batch = kBatch;
    recipe.learning_rate = 0.05;
    return recipe;
}

}  // namespace

TEST_CASE("train = deploy: the network that was trained and its integer form give the same bits") {
    for (const char* method : {"w8a8", "w4a4e8", "w4a4", "w2a3-pt", "w4a4f8-abs", "w4a8-fixed6"})
        for (const Shortcut shortcut : {Shortcut::option_a, Shortcut::projection})
            for (const Numerics numerics : {Numerics::f32, Numerics::bf16}) {
                CAPTURE(method);
                CAPTURE(to_string(numerics));
                const Graph graph = small_resnet(shortcut);
                aqt::NetworkLayers layers(graph, aqt::method_from(method), kBatch, kSteps);
                Trainer trainer(graph, numerics, short_recipe(), 1, 3, &layers);
                CHECK(layers.complete() == (std::string_view(method) == "w4a8-fixed6"));
                take_steps(trainer, graph, 0, kSteps);
                REQUIRE(layers.complete());

                Weights weights = trainer.weights(), none;
                Network trained(graph, numerics, Network::Mode::evaluation, 1, weights, none, &layers);
                IntegerExecutor deployed(lower(graph, weights, layers.quantization(weights)));
                const std::size_t n = 20;
                const auto images = test::random_images(graph.input_dims(), n, 99);
                std::vector<float> integer(n * 7), simulated(7);
                deployed.logits(images, integer);
                const std::size_t size = graph.input_dims().size();
                for (std::size_t i = 0; i < n; ++i) {
                    trained.infer(images.data() + i * size, simulated, 0);
                    CHECK(std::equal(simulated.begin(), simulated.end(), integer.begin() + 7 * i));
                }
            }
}

TEST_CASE("quantized training goes on from a checkpoint to the same bits, before bounds are set and after") {
    const Graph graph = small_resnet(Shortcut::option_a);
    const auto method = aqt::method_from("w4a4e8-start50");
    aqt::NetworkLayers whole(graph, method, kBatch, kSteps);
    Trainer uninterrupted(graph, Numerics::bf16, short_recipe(), 1, 3, &whole);
    take_steps(uninterrupted, graph, 0, kSteps);
    const auto path = std::filesystem::temp_directory_path() / "nibble-test-quantized-checkpoint";
    for (const int stop : {1, 3, 4, 5, 7}) {
        CAPTURE(stop);
        {
            aqt::NetworkLayers layers(graph, method, kBatch, kSteps);
            Trainer trainer(graph, Numerics::bf16, short_recipe(), 1, 3, &layers);
            take_steps(trainer, graph, 0, stop);
            CHECK(layers.complete() == (stop >= 4));
            trainer.save(path, "");
        }
        aqt::NetworkLayers layers(graph, method, kBatch, kSteps);
        Trainer trainer(graph, Numerics::bf16, short_recipe(), 1, 3, &layers);
        trainer.load(path);
        take_steps(trainer, graph, stop, kSteps);
        CHECK(digest_of(trainer.weights()) == digest_of(uninterrupted.weights()));
        CHECK(digest_of(layers.state()) == digest_of(whole.state()));
    }
    // A checkpoint of another method, or of none, is refused.
    aqt::NetworkLayers other(graph, aqt::method_from("w4a4"), kBatch, kSteps);
    Trainer trainer(graph, Numerics::bf16, short_recipe(), 1, 3, &other);
    CHECK_THROWS_AS(trainer.load(path), BadInput);
    Trainer plain(graph, Numerics::bf16, short_recipe(), 1, 3);
    CHECK_THROWS_AS(plain.load(path), BadInput);
    std::filesystem::remove(path);
}

TEST_CASE("quantization that is not complete, or has no integer codes, does not become integers") {
    const Graph graph = small_resnet(Shortcut::option_a);
    const Weights weights = test::random_weights(graph, 1);
    CHECK_THROWS_AS(aqt::NetworkLayers(graph, aqt::method_from("w4a4"), 1, 10).quantization(weights),
                    Unsupported);
    for (const char* method : {"w4a4-hs-fixed6", "w4a4-unfolded-fixed6"}) {
        aqt::NetworkLayers layers(graph, aqt::method_from(method), 1, 10);
        CHECK(layers.complete());
        CHECK_THROWS_AS(layers.quantization(weights), Unsupported);
    }
}

}  // namespace nibble
