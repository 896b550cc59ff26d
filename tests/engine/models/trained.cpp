// Every family of networks takes a training step: a finite loss, and a gradient for every parameter.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/models/catalog.hpp"
#include "engine/train/trainer.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

struct Case {
    const char* model;
    int size;
};
constexpr Case kCases[] = {{"alexnet", 64},
                           {"vgg11", 32},
                           {"squeezenet1_1", 48},
                           {"googlenet", 48},
                           {"inception_v3", 80},
                           {"densenet121", 32},
                           {"resnet50", 32},
                           {"resnext50_32x4d", 32},
                           {"wide_resnet50_2", 32},
                           {"mobilenet_v2", 48},
                           {"mobilenet_v3_small", 48},
                           {"mnasnet0_5", 48},
                           {"shufflenet_v2_x0_5", 48},
                           {"efficientnet_b0", 48},
                           {"mobilenet_v2-cifar", 32},
                           {"densenet40-cifar", 32},
                           {"shufflenet_v2_x0_5-cifar", 32}};

TEST_CASE("models: a training step of every family") {
    constexpr int kBatch = 4;
    for (const auto& [model, size] : kCases) {
        CAPTURE(std::string(model));
        const Graph graph = make_model(model, 10, {size, size, 3});
        Recipe recipe;
        recipe.epochs = 1;
        recipe.batch = kBatch;
        recipe.learning_rate = 0.01;
        Trainer trainer(graph, Numerics::f32, recipe, 1, 1);
        const std::vector<std::int32_t> labels{0, 3, 6, 9};
        CHECK(std::isfinite(trainer.step(test::random_images(graph.input_dims(), kBatch, 1), labels).loss));
        std::string without;
        for (const auto& [name, gradient] : trainer.gradients()) {
            CHECK(std::ranges::all_of(gradient, [](float g) { return std::isfinite(g); }));
            if (std::ranges::all_of(gradient, [](float g) { return g == 0; })) without += name + " ";
        }
        CHECK(without == "");
    }
}

}  // namespace
}  // namespace nibble
