// What cannot run is refused by name, and what can has the shape and meaning it should.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/rng.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/train/init.hpp"
#include "engine/train/trainer.hpp"

using namespace nibble;

namespace {

std::string refusal(const std::function<void(Graph&, int)>& build) {
    Graph g;
    build(g, g.conv(g.input({4, 4, 2}), "front", 4, {3, 3, 1, 1}));
    try {
        Predictor(g, initial_weights(g, 0), Numerics::f32);
    } catch (const Unsupported& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("what cannot run is refused, naming the node") {
    CHECK(refusal([](Graph& g, int x) {
              g.max_pool(x, {2, 2, 2, 0});
          }).find("node 2 (max_pool): the network must end") == 0);
    CHECK(refusal([](Graph& g, int x) {
              g.conv(x, "unused", 3, {1, 1, 1, 0});
              g.linear(g.global_pool(x), "end", 3);
          }).find("unused") != std::string::npos);
    CHECK(refusal([](Graph& g, int x) { g.global_pool(x); }).empty());
}

TEST_CASE("a network may end in anything of one pixel, in f32 and in bf16") {
    const std::function<int(Graph&, int)> ends[] = {
        [](Graph& g, int x) { return g.relu(g.linear(x, "end", 3)); },
        [](Graph& g, int x) {
            return g.clamp(g.batch_norm(g.global_pool(x), "end"), {-1, 1});
        },
        [](Graph& g, int x) { return g.function(Op::sigmoid, g.global_pool(x)); },
        [](Graph& g, int x) { return g.dropout(g.linear(x, "end", 5), 0.5f); }};
    for (const auto& end : ends) {
        Graph g;
        end(g, g.conv(g.input({4, 4, 2}), "front", 4, {3, 3, 1, 1}));
        Random random(3, Purpose::test);
        std::vector<float> image(g.input_dims().size()), exact(static_cast<std::size_t>(g.classes())),
            rounded = exact;
        for (float& x : image) x = random.normal();
        const Weights weights = initial_weights(g, 2);
        Predictor(g, weights, Numerics::f32).logits(image, exact);
        Predictor(g, weights, Numerics::bf16).logits(image, rounded);
        for (std::size_t c = 0; c < exact.size(); ++c)
            CHECK(rounded[c] == doctest::Approx(exact[c]).epsilon(0.05));
        Recipe recipe;
        recipe.epochs = 1;
        recipe.batch = 2;
        recipe.learning_rate = 0.01;
        Trainer trainer(g, Numerics::bf16, recipe, 1, 1);
        std::vector<float> two = image;
        two.insert(two.end(), image.begin(), image.end());
        CHECK(std::isfinite(trainer.step(two, std::vector<std::int32_t>{0, 1}).loss));
    }
}

TEST_CASE("operations that read the image itself train: it wants no gradient") {
    const std::function<int(Graph&, int)> starts[] = {
        [](Graph& g, int x) {
            return g.max_pool(x, {2, 2, 2});
        },
        [](Graph& g, int x) { return g.pad(x, 1, 1, 1, 1); },
        [](Graph& g, int x) { return g.function(Op::sigmoid, x); },
        [](Graph& g, int x) {
            return g.concat({x, g.slice(x, 0, 1)});
        },
        [](Graph& g, int x) { return g.multiply(x, x); },
        [](Graph& g, int x) { return g.dropout(x, 0.5f); },
        [](Graph& g, int x) { return g.relu(g.batch_norm(x, "norm")); },
        [](Graph& g, int x) {
            return g.conv(x, "depthwise", 2, {3, 3, 1, 1}, false, 2);
        }};
    for (const auto& start : starts) {
        Graph g;
        const int x = start(g, g.input({4, 4, 2}));
        g.linear(x, "end", 3);
        Recipe recipe;
        recipe.epochs = 1;
        recipe.batch = 2;
        Trainer trainer(g, Numerics::f32, recipe, 1, 1);
        const std::vector<float> images(2 * g.input_dims().size(), 0.5f);
        CHECK(std::isfinite(trainer.step(images, std::vector<std::int32_t>{0, 1}).loss));
    }
}

TEST_CASE("an image's logits depend neither on its neighbours nor on the batch") {
    const Graph g = resnet_cifar({.depth = 8, .width = 0.5, .input = {10, 10, 3}});
    const std::size_t size = g.input_dims().size();
    constexpr std::size_t kImages = 9;
    std::vector<float> images(kImages * size), all(kImages * 10), one(10);
    Random random(1, Purpose::test);
    for (float& x : images) x = random.normal();
    for (const Numerics numerics : {Numerics::f32, Numerics::bf16}) {
        Predictor predictor(g, initial_weights(g, 2), numerics);
        predictor.logits(images, all);
        for (std::size_t i = 0; i < kImages; ++i) {
            predictor.logits(std::span(images).subspan(i * size, size), one);
            CHECK(std::vector(all.begin() + i * 10, all.begin() + i * 10 + 10) == one);
        }
        CHECK_THROWS_AS(predictor.logits(std::span(images).first(size - 1), one), BadInput);
    }
}
