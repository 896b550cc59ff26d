#include "experiments/runs/key.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

TEST_CASE("every field of a configuration changes its digest") {
    const std::vector<std::function<void(TrainConfig&)>> changes{
        [](TrainConfig& c) { c.model = "resnet32"; },
        [](TrainConfig& c) { c.data = "glyphs"; },
        [](TrainConfig& c) { c.numerics = Numerics::bf16; },
        [](TrainConfig& c) { c.seed = 1; },
        [](TrainConfig& c) { c.augment = false; },
        [](TrainConfig& c) { c.eval_every = 2; },
        [](TrainConfig& c) { c.recipe.epochs = 61; },
        [](TrainConfig& c) { c.recipe.batch = 64; },
        [](TrainConfig& c) { c.recipe.learning_rate = 0.2; },
        [](TrainConfig& c) { c.recipe.momentum = 0; },
        [](TrainConfig& c) { c.recipe.nesterov = false; },
        [](TrainConfig& c) { c.recipe.weight_decay = 0; },
        [](TrainConfig& c) { c.recipe.warmup_epochs = 1; },
        [](TrainConfig& c) { c.recipe.cooldown_epochs = 1; },
        [](TrainConfig& c) { c.recipe.final_fraction = 0.5; },
        [](TrainConfig& c) { c.recipe.label_smoothing = 0.1; }};
    CHECK(changes.size() == to_json(TrainConfig{}).size());  // a new field needs its line here
    std::set<std::string> digests{digest_of(to_json(TrainConfig{}))};
    for (const auto& change : changes) {
        TrainConfig config;
        change(config);
        digests.insert(digest_of(to_json(config)));
    }
    CHECK(digests.size() == changes.size() + 1);
}

TEST_CASE("a key depends on its five parts and says which differ") {
    const KeyParts parts{"c", "d", "", "n", ""};
    CHECK(parts.key() == KeyParts{"c", "d", "", "n", ""}.key());
    CHECK(parts.difference(parts).empty());
    CHECK(parts.key() != KeyParts{"d", "c", "", "n", ""}.key());
    CHECK(parts.difference({"x", "d", "", "y", ""}) == "config, numerics");
    CHECK(parts.difference({"c", "x", "p", "n", ""}) == "data, parent");
    const KeyParts with_network{"c", "d", "", "n", "g"};
    CHECK(parts.key() != with_network.key());
    CHECK(parts.difference(with_network) == "network");
}

TEST_CASE("the numerics digest depends on the golden entries of its own arithmetic only") {
    const test::Scratch golden("golden");
    const auto digest = [&](const std::string& method) {
        TrainConfig config;
        set_method(config, method);
        return numerics_digest(golden.path(), config);
    };
    CHECK_THROWS_AS(digest("f32"), IoError);
    write_json(golden / "training.json", {{"f32", "aa"}});
    const std::string f32 = digest("f32");
    CHECK_THROWS_AS(digest("bf16"), BadInput);
    write_json(golden / "training.json", {{"f32", "aa"}, {"bf16", "aa"}});
    CHECK(digest("f32") == f32);
    CHECK(digest("bf16") != f32);
    write_json(golden / "training.json", {{"f32", "ab"}, {"bf16", "aa"}});
    CHECK(digest("f32") != f32);
    // Quantized training is bf16 training and more.
    CHECK_THROWS_AS(digest("w4a4e8"), BadInput);
    const Json all = {{"f32", "ab"}, {"bf16", "aa"}, {"aqt", "cc"}};
    write_json(golden / "training.json", all);
    const std::string quantized = digest("w4a4e8");
    for (const char* family : {"f32", "bf16", "aqt"}) {
        Json changed = all;
        changed[family] = "xx";
        write_json(golden / "training.json", changed);
        CHECK((digest("w4a4e8") == quantized) == (std::string(family) == "f32"));
    }
}
