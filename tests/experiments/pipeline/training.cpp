#include "experiments/pipeline/training.hpp"

#include <doctest/doctest.h>

#include "datasets/glyphs.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "experiments/runs/result.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

namespace {
struct Small {
    TrainConfig config;
    Data data{make_glyphs(Split::train, 80), make_glyphs(Split::test, 20)};
    Graph graph = make_graph("resnet8-w0.25", *data.train);
    RunControl control;

    Small() {
        config.model = "resnet8-w0.25";
        config.data = "glyphs";
        config.recipe.epochs = 2;
        config.recipe.batch = 16;  // 5 steps an epoch
        control.progress = ProgressMode::off;
    }
    TrainedNetwork run() const { return train(config, graph, data, control); }
};
}  // namespace

TEST_CASE(
    "a run stopped and resumed after every single step has the bits and the history of one without pause") {
    const test::Scratch scratch("training");
    Small whole;
    const TrainedNetwork expected = whole.run();
    CHECK(expected.steps == 10);
    REQUIRE(expected.history.size() == 2);
    CHECK(expected.history[0].eval_top1.has_value());

    Small pieces;
    pieces.control.checkpoint = scratch / "checkpoint";
    for (std::size_t stop = 1; stop < 10; ++stop) {
        pieces.control.stop_after = stop;
        const TrainedNetwork part = pieces.run();
        CHECK(part.steps == stop);
        CHECK(part.history.size() == (stop + 4) / 5);
    }
    pieces.control.stop_after = 0;
    const TrainedNetwork resumed = pieces.run();
    CHECK(digest_of(resumed.weights) == digest_of(expected.weights));
    CHECK(to_json(resumed.history) == to_json(expected.history));

    pieces.control.stop_after = 3;
    CHECK_THROWS_WITH_AS(pieces.run(), doctest::Contains("steps done"), BadInput);
}

TEST_CASE("a checkpoint of other data or settings is refused") {
    const test::Scratch scratch("checkpoint");
    Small small;
    small.control.checkpoint = scratch / "checkpoint";
    small.control.stop_after = 1;
    small.run();
    SUBCASE("other images") {
        small.data.train = make_glyphs(Split::train, 80, 2);
    }
    SUBCASE("other test images") {
        small.data.test = make_glyphs(Split::test, 10);
    }
    SUBCASE("no augmentation") {
        small.config.augment = false;
    }
    SUBCASE("another recipe") {
        small.config.recipe.momentum = 0.8;
    }
    SUBCASE("another seed") {
        small.config.seed = 1;
    }
    CHECK_THROWS_AS(small.run(), BadInput);
}

TEST_CASE("augmentation can be left out, and evaluations can be rare") {
    Small small;
    small.config.eval_every = 2;
    const TrainedNetwork augmented = small.run();
    CHECK_FALSE(augmented.history[0].eval_top1.has_value());
    CHECK(augmented.history[1].eval_top1.has_value());
    small.config.augment = false;
    CHECK(digest_of(small.run().weights) != digest_of(augmented.weights));
}

TEST_CASE("fine-tuning starts from given weights, stops and resumes to the same bits, and wants its start") {
    const test::Scratch scratch("fine-tuning");
    const auto small = [] {
        Small s;
        set_method(s.config, "g4a8-ft");
        s.config.recipe.learning_rate = 0.01;
        return s;
    };
    Small parent;
    WeightsFile start{parent.run().weights, {{"normalize_mean", "0.5,0.5,0.5"}, {"normalize_std", "1,1,1"}}};
    const Small whole = small();
    const auto run = [&](const Small& s) { return train(s.config, s.graph, s.data, s.control, &start); };
    const TrainedNetwork expected = run(whole);
    CHECK(expected.history.back().eval_top1.has_value());
    CHECK(expected.quantizer_state.contains("linear.input_step"));
    REQUIRE(expected.normalization.has_value());
    CHECK(expected.normalization->std == std::vector<float>{1, 1, 1});

    Small pieces = small();
    pieces.control.checkpoint = scratch / "checkpoint";
    for (std::size_t stop : {1, 6, 0}) {
        pieces.control.stop_after = stop;
        const TrainedNetwork part = run(pieces);
        if (stop == 0) CHECK(digest_of(part.weights) == digest_of(expected.weights));
    }
    Small other = small();  // a checkpoint of another start is refused
    other.control = pieces.control;
    start.weights.at("conv1.weight").data()[0] += 1;
    CHECK_THROWS_AS(run(other), BadInput);

    CHECK_THROWS_AS(small().run(), BadInput);  // without a start
    const Small plain;
    CHECK_THROWS_AS(train(plain.config, plain.graph, plain.data, plain.control, &start), BadInput);
    TrainConfig config;
    for (const char* method : {"f32-ft", "g4a8-oldbn-ft", "g4a8-f", "-ft"})
        CHECK_THROWS_AS(set_method(config, method), BadInput);
}
