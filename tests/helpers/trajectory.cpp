#include "tests/helpers/trajectory.hpp"

#include <span>
#include <vector>

#include "engine/core/digest.hpp"
#include "engine/core/rng.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/train/trainer.hpp"

namespace nibble::test {
namespace {

Graph resnet(Shortcut shortcut, double width) {
    return resnet_cifar(
        {.depth = 8, .width = width, .shortcut = shortcut, .classes = 10, .input = {12, 12, 3}});
}

/// Odd everything: strides, kernels, channels; biases with and without batch norm; max and average pooling.
Graph odd_network() {
    Graph g;
    int x = g.input({13, 11, 3});
    x = g.relu(g.conv(x, "a", 19, {5, 3, 1, 2}, true));
    x = g.max_pool(x, {3, 3, 2, 1});
    const int shortcut = x;
    x = g.relu(g.batch_norm(g.conv(x, "b", 19, {3, 3, 1, 1}, true), "b_norm"));
    x = g.batch_norm(g.conv(x, "c", 19, {1, 1, 1, 0}), "c_norm");
    x = g.relu(g.add(x, shortcut));
    x = g.avg_pool(x, {2, 2, 1, 1});
    x = g.conv(x, "d", 33, {3, 2, 3, 0});
    x = g.global_pool(x);
    g.linear(x, "linear", 7);
    return g;
}

void add_trajectory(Digest& digest, const Graph& graph, Numerics numerics, std::uint32_t stream) {
    constexpr int kBatch = 19;  // two whole chunks and a part
    constexpr int kSteps = 3;
    Recipe recipe;
    recipe.epochs = kSteps;
    recipe.batch = kBatch;
    recipe.weight_decay = 5e-4;
    recipe.warmup_epochs = 1;
    recipe.label_smoothing = 0.1;
    Trainer trainer(graph, numerics, recipe, 1, 7);

    Random random(11, Purpose::test, 0, stream);
    std::vector<float> images(kBatch * graph.input_dims().size());
    std::vector<std::int32_t> labels(kBatch);
    for (int step = 0; step < kSteps; ++step) {
        for (float& x : images) x = random.normal();
        for (auto& label : labels) label = static_cast<std::int32_t>(random.below(graph.classes()));
        const double loss = trainer.step(images, labels).loss;
        digest.add(std::span<const double>(&loss, 1));
    }
    std::vector<float> logits(static_cast<std::size_t>(kBatch) * graph.classes());
    Predictor(graph, trainer.weights(), numerics).logits(images, logits);
    digest.add(std::span<const float>(logits)).add(digest_of(trainer.weights()));
}

}  // namespace

std::string trajectory_digest(Numerics numerics, bool quick) {
    Digest digest;
    add_trajectory(digest, resnet(Shortcut::option_a, 1.0), numerics, 0);
    if (quick) return digest.hex();
    add_trajectory(digest, resnet(Shortcut::projection, 0.75), numerics, 1);
    add_trajectory(digest, resnet(Shortcut::none, 0.3), numerics, 2);
    add_trajectory(digest, odd_network(), numerics, 3);
    return digest.hex();
}

}  // namespace nibble::test
