// Networks with ternary weights in groups: what is quantized how, and that what fine-tuning computes is what
// the integer kernels compute.
#include "engine/nn/network.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "engine/core/error.hpp"
#include "engine/infer/compare.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/quant/fgq/weights.hpp"
#include "engine/train/init.hpp"
#include "engine/train/trainer.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble::fgq {
namespace {

constexpr int kBatch = 10, kSteps = 6, kClasses = 7;

Graph small_resnet(Shortcut shortcut) {
    return resnet_cifar(
        {.depth = 8, .width = 0.5, .shortcut = shortcut, .classes = kClasses, .input = {12, 12, 3}});
}

std::vector<Histogram> histograms_of(const Graph& graph, const Weights& weights) {
    return observe_histograms(graph, weights, test::random_images(graph.input_dims(), 8, 40));
}

void take_steps(Trainer& trainer, const Graph& graph, int from, int to) {
    for (int step = from; step < to; ++step) {
        const auto images = test::random_images(graph.input_dims(), kBatch, 50 + step);
        std::vector<std::int32_t> labels;
        for (int i = 0; i < kBatch; ++i) labels.push_back((i + step) % kClasses);
        trainer.step(images, labels);
    }
}

Recipe short_recipe() {
    Recipe recipe;
    recipe.epochs = kSteps;
    recipe.batch = kBatch;
    recipe.learning_rate = 0.02;
    return recipe;
}

TEST_CASE("fgq networks: the first layer in 8 bits or ternary, the others ternary, the image in 8 bits") {
    const Graph graph = small_resnet(Shortcut::projection);
    const Weights weights = test::random_weights(graph, 1);
    const std::vector<Histogram> activations = histograms_of(graph, weights);
    for (const char* name : {"g4a8", "g4a4", "g4a4-t", "w4a8"}) {
        const Method method = method_from(name);
        const Quantization q = NetworkLayers(graph, method, activations).quantization(weights);
        CAPTURE(name);
        CHECK(q.layers.size() == q.edges.size());
        for (int i = 0; i < graph.size(); ++i) {
            if (graph[i].op != Op::conv && graph[i].op != Op::linear) continue;
            const bool first = graph[i].inputs[0] == 0;
            const Scheme& scheme = q.layers.at(graph[i].name).scheme;
            CHECK(to_string(scheme) == (first && !method.ternary_first ? "s8-pc"
                                        : method.group                 ? "t-g4"
                                                                       : "s4-pc"));
            const std::string bits = std::to_string(first ? 8 : method.activation_bits);
            CHECK(to_string(q.edges.at({i, 0}).scheme) == (first ? "s" : "u") + bits + "-pt");
        }
    }
}

TEST_CASE("fgq networks: integers agree with their simulation, residuals as floats and in 8 bits") {
    for (const char* name : {"g2a8", "g4a4", "g64a8-twn", "g3a2-exp-t", "w4a4"})
        for (const Shortcut shortcut : {Shortcut::option_a, Shortcut::projection, Shortcut::none})
            for (bool residuals : {false, true}) {
                const Graph graph = small_resnet(shortcut);
                const Weights weights = test::random_weights(graph, 2);
                const std::vector<Histogram> activations = histograms_of(graph, weights);
                Quantization q = NetworkLayers(graph, method_from(name), activations).quantization(weights);
                if (residuals) quantize_residuals(graph, activations, 8, Exponents::maximum, q);
                Comparison comparison(lower(graph, weights, q));
                comparison.add(test::random_images(graph.input_dims(), 12, 60));
                CAPTURE(name);
                CHECK(comparison.mismatches() == 0);
            }
}

TEST_CASE("train = deploy: the network that was fine-tuned and its integer form give the same bits") {
    for (const char* name : {"g4a8", "g64a8", "g4a4-t", "g3a8-twn", "w4a8"})
        for (const Shortcut shortcut : {Shortcut::option_a, Shortcut::projection})
            for (const Numerics numerics : {Numerics::f32, Numerics::bf16}) {
                CAPTURE(name);
                CAPTURE(to_string(numerics));
                const Graph graph = small_resnet(shortcut);
                const Weights parent = test::random_weights(graph, 3);
                NetworkLayers layers(graph, method_from(name), histograms_of(graph, parent));
                Trainer trainer(graph, numerics, short_recipe(), 1, 3, &layers);
                trainer.set_weights(parent);
                take_steps(trainer, graph, 0, kSteps);

                Weights weights = trainer.weights(), none;
                Network trained(graph, numerics, Network::Mode::evaluation, 1, weights, none, &layers);
                IntegerExecutor deployed(lower(graph, weights, layers.quantization(weights)));
                const std::size_t n = 20;
                const auto images = test::random_images(graph.input_dims(), n, 99);
                std::vector<float> integer(n * kClasses), simulated(kClasses);
                deployed.logits(images, integer);
                const std::size_t size = graph.input_dims().size();
                for (std::size_t i = 0; i < n; ++i) {
                    trained.infer(images.data() + i * size, simulated, 0);
                    CHECK(std::equal(simulated.begin(), simulated.end(), integer.begin() + kClasses * i));
                }
            }
}

TEST_CASE("fine-tuning: weights move, codes follow them, and the loss of one batch falls") {
    const Graph graph = small_resnet(Shortcut::option_a);
    const Weights parent = initial_weights(graph, 5);
    NetworkLayers layers(graph, method_from("g4a8"), histograms_of(graph, parent));
    Recipe recipe = short_recipe();
    recipe.epochs = 40;
    recipe.learning_rate = 0.05;
    Trainer trainer(graph, Numerics::f32, recipe, 1, 3, &layers);
    trainer.set_weights(parent);
    const auto images = test::random_images(graph.input_dims(), kBatch, 70);
    std::vector<std::int32_t> labels;
    for (int i = 0; i < kBatch; ++i) labels.push_back(i % kClasses);
    const double first = trainer.step(images, labels).loss;
    double last = first;
    for (int step = 1; step < recipe.epochs; ++step) last = trainer.step(images, labels).loss;
    CHECK(last < 0.7 * first);
    const auto before = layers.quantization(parent), after = layers.quantization(trainer.weights());
    CHECK(before.layers.at("linear").codes != after.layers.at("linear").codes);
}

TEST_CASE("fine-tuning goes on from a checkpoint to the same bits; one of another method is refused") {
    const Graph graph = small_resnet(Shortcut::option_a);
    const Weights parent = test::random_weights(graph, 3);
    const std::vector<Histogram> activations = histograms_of(graph, parent);
    const Method method = method_from("g4a8");
    const auto path = std::filesystem::temp_directory_path() / "nibble-test-fgq-checkpoint";
    NetworkLayers whole(graph, method, activations);
    Trainer uninterrupted(graph, Numerics::bf16, short_recipe(), 1, 3, &whole);
    uninterrupted.set_weights(parent);
    take_steps(uninterrupted, graph, 0, kSteps);
    {
        NetworkLayers layers(graph, method, activations);
        Trainer trainer(graph, Numerics::bf16, short_recipe(), 1, 3, &layers);
        trainer.set_weights(parent);
        take_steps(trainer, graph, 0, 2);
        trainer.save(path, "");
    }
    NetworkLayers layers(graph, method, {});  // they come with the checkpoint
    Trainer trainer(graph, Numerics::bf16, short_recipe(), 1, 3, &layers);
    trainer.load(path);
    take_steps(trainer, graph, 2, kSteps);
    CHECK(digest_of(trainer.weights()) == digest_of(uninterrupted.weights()));
    CHECK(digest_of(layers.state()) == digest_of(whole.state()));

    NetworkLayers other(graph, method_from("g4a4"), activations);
    Trainer refusing(graph, Numerics::bf16, short_recipe(), 1, 3, &other);
    CHECK_THROWS_AS(refusing.load(path), BadInput);
    std::filesystem::remove(path);
}

TEST_CASE("fgq networks: float activations take rounded weights and do not become integers") {
    const Graph graph = small_resnet(Shortcut::option_a);
    const Weights weights = test::random_weights(graph, 4);
    NetworkLayers layers(graph, method_from("g4"), histograms_of(graph, weights));
    CHECK(layers.state().empty());
    CHECK_THROWS_AS(layers.quantization(weights), Unsupported);
    const Weights rounded = layers.rounded(weights);
    CHECK(rounded.at("linear.weight") == ternary_weights(weights.at("linear.weight"), 4).values());
    CHECK(rounded.at("bn1.weight") == weights.at("bn1.weight"));
}

TEST_CASE("fgq networks: a state that does not fit is refused") {
    const Graph graph = small_resnet(Shortcut::option_a);
    const Weights weights = test::random_weights(graph, 4);
    const NetworkLayers good(graph, method_from("g4a8"), histograms_of(graph, weights));
    const auto refuses = [&](const auto& change) {
        auto state = good.state();
        change(state);
        NetworkLayers layers(graph, method_from("g4a8"), {});
        CHECK_THROWS_AS(layers.set_state(state), BadInput);
    };
    refuses([](auto& state) { state.clear(); });
    refuses([](auto& state) { state.erase("conv1.input_step"); });
    refuses([](auto& state) { state["another"] = state.at("conv1.input_step"); });
    refuses([](auto& state) { state.at("conv1.input_step") = Array<float>(Shape{3}); });
    refuses([](auto& state) { state.at("conv1.input_step").data()[1] = std::nanf(""); });
    refuses([](auto& state) { state.at("conv1.input_step").data()[0] = 3; });
}

}  // namespace
}  // namespace nibble::fgq
