#include "engine/train/trainer.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/rng.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/train/sgd.hpp"

using namespace nibble;

namespace {

constexpr int kBatch = 10;

Graph small() {
    return resnet_cifar({.depth = 8, .width = 0.25, .input = {8, 8, 3}});
}

Recipe recipe() {
    Recipe r;
    r.epochs = 4;
    r.batch = kBatch;
    return r;
}

struct Batch {
    std::vector<float> images = std::vector<float>(kBatch * small().input_dims().size());
    std::vector<std::int32_t> labels = std::vector<std::int32_t>(kBatch);
    explicit Batch(std::uint32_t index) {
        Random random(1, Purpose::test, 0, index);
        for (float& x : images) x = random.normal();
        for (auto& label : labels) label = static_cast<std::int32_t>(random.below(10));
    }
};

void take_steps(Trainer& trainer, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) {
        const Batch batch(i);
        trainer.step(batch.images, batch.labels);
    }
}

/// A path in a folder of its own that disappears with it.
struct Scratch {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() /
        ("nibble-trainer-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)));
    std::filesystem::path file = folder / "checkpoint.safetensors";
    Scratch() { std::filesystem::create_directories(folder); }
    ~Scratch() { std::filesystem::remove_all(folder); }
};

}  // namespace

TEST_CASE("a network learns one batch by heart") {
    for (const Numerics numerics : {Numerics::f32, Numerics::bf16}) {
        Recipe r = recipe();
        r.epochs = 60;
        Trainer trainer(small(), numerics, r, 1, 0);
        const Batch batch(0);
        const double first = trainer.step(batch.images, batch.labels).loss;
        StepResult last;
        for (int i = 1; i < 60; ++i) last = trainer.step(batch.images, batch.labels);
        CHECK(last.loss < 0.1 * first);
        CHECK(last.correct == kBatch);
    }
}

TEST_CASE("resuming from a checkpoint gives the same bits") {
    const Scratch scratch;
    for (const Numerics numerics : {Numerics::f32, Numerics::bf16}) {
        Trainer whole(small(), numerics, recipe(), 2, 5);
        take_steps(whole, 0, 6);
        {
            Trainer half(small(), numerics, recipe(), 2, 5);
            take_steps(half, 0, 3);
            half.save(scratch.file, "halfway");
        }
        Trainer resumed(small(), numerics, recipe(), 2, 5);
        CHECK(resumed.load(scratch.file) == "halfway");
        CHECK(resumed.steps_done() == 3);
        take_steps(resumed, 3, 6);
        CHECK(digest_of(resumed.weights()) == digest_of(whole.weights()));
    }
}

TEST_CASE("checkpoints of other runs and damaged ones are refused and change nothing") {
    const Scratch scratch;
    Trainer trainer(small(), Numerics::f32, recipe(), 2, 5);
    take_steps(trainer, 0, 1);
    trainer.save(scratch.file, "");
    Recipe other_recipe = recipe();
    other_recipe.momentum = 0.5;
    CHECK_THROWS_AS(Trainer(small(), Numerics::bf16, recipe(), 2, 5).load(scratch.file), BadInput);
    CHECK_THROWS_AS(Trainer(small(), Numerics::f32, recipe(), 2, 6).load(scratch.file), BadInput);
    CHECK_THROWS_AS(Trainer(small(), Numerics::f32, recipe(), 3, 5).load(scratch.file), BadInput);
    CHECK_THROWS_AS(Trainer(small(), Numerics::f32, other_recipe, 2, 5).load(scratch.file), BadInput);

    Trainer fresh(small(), Numerics::f32, recipe(), 2, 5);
    const std::string before = digest_of(fresh.weights());
    const std::string whole = read_file(scratch.file);
    write_file(scratch.file, std::string_view(whole).substr(0, whole.size() - 7));
    CHECK_THROWS_AS(fresh.load(scratch.file), BadInput);
    Safetensors lacking;
    {
        write_file(scratch.file, whole);
        lacking = read_safetensors(scratch.file);
        lacking.tensors.erase("momentum/conv1.weight");
        write_safetensors(scratch.file, lacking);
    }
    CHECK_THROWS_AS(fresh.load(scratch.file), BadInput);
    write_file(scratch.file, whole);
    Safetensors damaged = read_safetensors(scratch.file);
    Array<float> momentum = damaged.tensors.at("momentum/conv1.weight").to_f32();
    momentum.data()[3] = std::numeric_limits<float>::quiet_NaN();
    damaged.tensors["momentum/conv1.weight"] = StoredTensor::from(momentum);
    write_safetensors(scratch.file, damaged);
    CHECK_THROWS_WITH_AS(fresh.load(scratch.file), doctest::Contains("momentum/conv1.weight' is not finite"),
                         BadInput);
    CHECK(digest_of(fresh.weights()) == before);
    CHECK(fresh.steps_done() == 0);
}

TEST_CASE("a checkpoint with a changed bit is refused, or goes on to the same weights") {
    const Scratch scratch;
    Trainer trainer(small(), Numerics::f32, recipe(), 2, 5);
    take_steps(trainer, 0, 1);
    trainer.save(scratch.file, "progress");
    const std::string whole = read_file(scratch.file);
    Random random(5, Purpose::test);
    int refused = 0;
    for (int i = 0; i < 200; ++i) {
        // Half of them in the header, which is the smaller part.
        const std::uint32_t bytes = static_cast<std::uint32_t>(i % 2 ? whole.size() : 4096);
        std::string damaged = whole;
        char& byte = damaged[random.below(bytes)];
        byte = static_cast<char>(byte ^ (1 << random.below(8)));
        write_file(scratch.file, damaged);
        Trainer resumed(small(), Numerics::f32, recipe(), 2, 5);
        try {
            const std::string extra = resumed.load(scratch.file);
            CHECK(extra == "progress");
            CHECK(digest_of(resumed.weights()) == digest_of(trainer.weights()));
        } catch (const BadInput&) {
            ++refused;
        }
    }
    CHECK(refused > 190);
}

TEST_CASE("impossible batches, labels and recipes are refused; divergence is an error") {
    Trainer trainer(small(), Numerics::f32, recipe(), 2, 5);
    Batch batch(0);
    CHECK_THROWS_AS(trainer.step(std::span(batch.images).first(5), batch.labels), BadInput);
    CHECK_THROWS_AS(trainer.step({}, {}), BadInput);
    batch.labels[3] = 10;
    CHECK_THROWS_AS(trainer.step(batch.images, batch.labels), BadInput);
    batch.labels[3] = -1;
    CHECK_THROWS_AS(trainer.step(batch.images, batch.labels), BadInput);
    batch.labels[3] = 0;
    batch.images[17] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(trainer.step(batch.images, batch.labels), Error);
    CHECK(trainer.steps_done() == 0);

    for (const auto& spoil : std::vector<void (*)(Recipe&)>{
             [](Recipe& r) { r.epochs = 0; }, [](Recipe& r) { r.batch = 0; },
             [](Recipe& r) { r.momentum = 1; }, [](Recipe& r) { r.learning_rate = -1; },
             [](Recipe& r) { r.weight_decay = -1; }, [](Recipe& r) { r.warmup_epochs = 5; },
             [](Recipe& r) { r.label_smoothing = 1; }}) {
        Recipe bad = recipe();
        spoil(bad);
        CHECK_THROWS_AS(Trainer(small(), Numerics::f32, bad, 2, 5), BadInput);
    }
}

TEST_CASE("a smaller last batch trains like a trainer made for it") {
    const Batch batch(0);
    const std::size_t size = small().input_dims().size();
    constexpr int kPart = 3;
    Recipe r = recipe();
    r.batch = kPart;
    Trainer exact(small(), Numerics::f32, r, 2, 5), roomy(small(), Numerics::f32, recipe(), 2, 5);
    for (Trainer* trainer : {&exact, &roomy})
        trainer->step(std::span(batch.images).first(kPart * size), std::span(batch.labels).first(kPart));
    CHECK(digest_of(exact.weights()) == digest_of(roomy.weights()));
}

TEST_CASE("weight decay spares tensors of one dimension") {
    Weights weights, gradients;
    weights["conv.weight"] = xt::ones<float>({2, 2});
    weights["norm.weight"] = xt::ones<float>({2});
    weights["norm.running_mean"] = xt::ones<float>({2});
    for (const char* name : {"conv.weight", "norm.weight"})
        gradients[name] = xt::zeros<float>(weights[name].shape());
    Sgd sgd({.momentum = 0.9, .weight_decay = 0.5, .nesterov = false}, weights);
    sgd.step(weights, gradients, 0.1);
    CHECK(weights["conv.weight"](0, 0) == 1.0f - 0.1f * 0.5f);
    CHECK(weights["norm.weight"](0) == 1.0f);
    CHECK(weights["norm.running_mean"](0) == 1.0f);
    sgd.step(weights, gradients, 0.1);  // v = 0.9 * 0.5 + 0.5 * 0.95
    CHECK(weights["conv.weight"](0, 0) == doctest::Approx(0.95 - 0.1 * (0.45 + 0.475)));
}

TEST_CASE("a batch in parts gives the gradient of the whole where no batch norm looks at it") {
    Graph graph;
    int x = graph.relu(graph.conv(graph.input({6, 6, 3}), "conv", 8, {3, 3, 1, 1}, true));
    graph.linear(graph.global_pool(x), "linear", 10);
    const Dims dims = graph.input_dims();
    std::vector<float> images(kBatch * dims.size());
    std::vector<std::int32_t> labels(kBatch);
    Random random(2, Purpose::test, 0, 0);
    for (float& v : images) v = random.normal();
    for (auto& label : labels) label = static_cast<std::int32_t>(random.below(10));
    const auto gradients = [&](int parts, double& loss) {
        Recipe r = recipe();
        r.parts = parts;
        Trainer trainer(graph, Numerics::f32, r, 3, 1);
        loss = trainer.step(images, labels).loss;
        return trainer.gradients();
    };
    double whole_loss = 0;
    const Weights whole = gradients(1, whole_loss);
    for (const int parts : {2, 5, 10}) {
        double loss = 0;
        const Weights sum = gradients(parts, loss);
        CHECK(loss == doctest::Approx(whole_loss).epsilon(1e-12));
        for (const auto& [name, values] : whole)
            for (std::size_t i = 0; i < values.size(); ++i)
                CHECK(sum.at(name).data()[i] == doctest::Approx(values.data()[i]).epsilon(1e-4));
    }
    Recipe r = recipe();
    r.parts = 3;
    CHECK_THROWS_AS(Trainer(graph, Numerics::f32, r, 3, 1), BadInput);
}
