#include "experiments/runs/grid.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "experiments/pipeline/run_config.hpp"
#include "experiments/runs/project.hpp"
#include "tests/helpers/scratch.hpp"

using namespace nibble;

namespace {
const char* kGrid = R"({
  "schema": 1, "title": "Test", "protocol": {"epochs": 9, "batch": 32},
  "profiles": {
    "quick": {"axes": {"model": ["resnet8", "resnet14"], "data": ["glyphs"], "method": ["f32", "bf16"], "seed": [0, 3]},
              "protocol": {"epochs": 2},
              "skip": [{"model": "resnet14", "method": "bf16", "reason": "shows skipping"}]},
    "long": {"axes": {"model": ["resnet8"], "data": ["glyphs"], "method": ["f32"], "seed": [0]}}}})";

const TrainConfig& training(const GridCell& cell) {
    return std::get<TrainConfig>(cell.config);
}

Grid read(const Json& json, const test::Scratch& scratch) {
    write_json(scratch / "grid.json", json);
    return read_grid(scratch / "grid.json", "paper");
}
}  // namespace

TEST_CASE("a grid is the product of its axes without its skips, resolved") {
    const test::Scratch scratch("grid");
    const Grid grid = read(Json::parse(kGrid), scratch);
    const std::vector<GridCell>& cells = grid.cells("quick");
    REQUIRE(cells.size() == 6);
    CHECK(cells[0].cell.name() == "paper/resnet8--glyphs--f32--s0");
    CHECK(cells[1].cell.name() == "paper/resnet8--glyphs--f32--s3");
    CHECK(cells[2].cell.name() == "paper/resnet8--glyphs--bf16--s0");
    CHECK(cells[5].cell.name() == "paper/resnet14--glyphs--f32--s3");
    CHECK(training(cells[3]).numerics == Numerics::bf16);
    CHECK(training(cells[3]).seed == 3);
    CHECK(training(cells[3]).model == "resnet8");
    CHECK(training(cells[0]).recipe.epochs == 2);  // the profile wins over the common protocol
    CHECK(training(cells[0]).recipe.batch == 32);
    CHECK(training(cells[0]).recipe.momentum == 0.9);  // a default
    CHECK(training(grid.cells("long").front()).recipe.epochs == 9);
    CHECK_THROWS_WITH_AS(grid.cells("huge"), doctest::Contains("long, quick"), BadInput);
}

TEST_CASE("a grid is read strictly") {
    const test::Scratch scratch("grid-strict");
    const auto refused = [&](const std::function<void(Json&)>& spoil, const std::string& says) {
        Json json = Json::parse(kGrid);
        spoil(json);
        CHECK_THROWS_WITH_AS(read(json, scratch), doctest::Contains(says.c_str()), BadInput);
    };
    refused([](Json& j) { j["extra"] = 1; }, "unknown key 'extra'");
    refused([](Json& j) { j["schema"] = 2; }, "schema");
    refused([](Json& j) { j["protocol"]["epoch"] = 1; }, "unknown key 'epoch'");
    refused([](Json& j) { j["protocol"]["epochs"] = 0; }, "epochs");
    refused([](Json& j) { j["protocol"]["epochs"] = 2.5; }, "epochs");
    refused([](Json& j) { j["protocol"]["model"] = "resnet8"; }, "unknown key 'model'");
    refused([](Json& j) { j["protocol"]["momentum"] = 1; }, "momentum");
    refused([](Json& j) { j["protocol"]["nesterov"] = "yes"; }, "nesterov");
    refused([](Json& j) { j["profiles"]["quick"]["skips"] = Json::array(); }, "unknown key 'skips'");
    refused([](Json& j) { j["profiles"]["quick"]["axes"]["width"] = {1}; }, "unknown key 'width'");
    refused([](Json& j) { j["profiles"]["quick"]["axes"].erase("seed"); }, "seed");
    refused([](Json& j) { j["profiles"]["quick"]["axes"]["seed"] = {-1}; }, "seed");
    refused([](Json& j) { j["profiles"]["quick"]["axes"]["seed"] = {0.5}; }, "seed");
    refused([](Json& j) { j["profiles"]["quick"]["axes"]["data"] = Json::array(); }, "empty");
    refused([](Json& j) { j["profiles"]["quick"]["axes"]["data"] = {"glyphs", "glyphs"}; }, "twice");
    refused([](Json& j) { j["profiles"]["quick"]["axes"]["data"] = {"a--b"}; }, "not the name of a cell");
    refused([](Json& j) { j["profiles"]["quick"]["axes"]["method"] = {"f32", "bf16", "f16"}; }, "f16");
    refused([](Json& j) { j["profiles"]["quick"]["skip"][0].erase("reason"); }, "reason");
    refused([](Json& j) { j["profiles"]["quick"]["skip"][0]["model"] = "resnet20"; }, "matches no cell");
    refused([](Json& j) { j["profiles"]["quick"]["skip"] = 3; }, "skip");
    refused(
        [](Json& j) {
            Json& axes = j["profiles"]["quick"]["axes"];
            for (int i = 0; i < 400; ++i)
                axes["model"].push_back("resnet" + std::to_string(6 * i + 62)),
                    axes["seed"].push_back(i + 10);
        },
        "at most 100000");
}

TEST_CASE("every grid of the repository can be read, and no cell is in two profiles") {
    const Project project(NIBBLE_SOURCE_DIR);
    CHECK_FALSE(project.experiments().empty());
    for (const ProfileCell& cell : list_cells(project, "", ""))
        CHECK(find_cell(project, cell.cell.cell.name(), "").profile == cell.profile);
}

TEST_CASE("cells that others start from are listed first") {
    const std::vector<ProfileCell> cells = list_cells(Project(NIBBLE_SOURCE_DIR), "quick", "");
    std::set<std::string> listed;
    for (const ProfileCell& cell : cells) {
        const std::string parent = parent_of(cell.cell.config);
        CHECK((parent.empty() || listed.contains(parent)));
        listed.insert(cell.cell.cell.name());
    }
    CHECK(cells.front().cell.cell.experiment == "baseline");  // and not aqt's, which nothing starts from
}

namespace {
const char* kPostTraining = R"({
  "schema": 1, "title": "Test", "post_training": "mmse",
  "profiles": {"quick": {
    "axes": [{"model": ["resnet8"], "data": ["glyphs"], "method": ["w4a4e8"], "seed": [0, 1]},
             {"model": ["resnet8"], "data": ["glyphs"], "method": ["f32", "w4e8"], "seed": [0]}],
    "parents": {"resnet8": "baseline/resnet8-w1.0--glyphs--f32--s0"}}}})";
}  // namespace

TEST_CASE("a grid of post-training cells has parents in place of a protocol") {
    const test::Scratch scratch("grid-post-training");
    const Grid grid = read(Json::parse(kPostTraining), scratch);
    const auto& cells = grid.cells("quick");
    REQUIRE(cells.size() == 4);
    const auto& config = std::get<PostTrainingConfig>(cells[1].config);
    CHECK(config.family == "mmse");
    CHECK(config.method == "w4a4e8");
    CHECK(config.seed == 1);
    CHECK(config.parent == "baseline/resnet8-w1.0--glyphs--f32--s0");
    CHECK(to_json(cells[1].config).at("calibration") == 512);
    CHECK(to_json(cells[2].config).at("calibration") == 0);
    const auto refused = [&](const std::function<void(Json&)>& spoil, const std::string& says) {
        Json json = Json::parse(kPostTraining);
        spoil(json);
        CHECK_THROWS_WITH_AS(read(json, scratch), doctest::Contains(says.c_str()), BadInput);
    };
    refused([](Json& j) { j["post_training"] = "magic"; }, "mmse");
    refused([](Json& j) { j["protocol"] = {{"epochs", 1}}; }, "unknown key 'protocol'");
    refused([](Json& j) { j["profiles"]["quick"]["protocol"] = {{"epochs", 1}}; }, "unknown key 'protocol'");
    refused([](Json& j) { j["profiles"]["quick"].erase("parents"); }, "parents");
    refused([](Json& j) { j["profiles"]["quick"]["parents"].erase("resnet8"); }, "resnet8");
    refused([](Json& j) { j["profiles"]["quick"]["parents"]["resnet8"] = "/etc/w.safetensors"; },
            "NIBBLE_DATA");
    refused([](Json& j) { j["profiles"]["quick"]["parents"]["resnet8"] = "../w.safetensors"; },
            "NIBBLE_DATA");
    refused([](Json& j) { j["profiles"]["quick"]["parents"]["resnet8"] = "resnet8"; },
            "not the name of a cell");
    refused([](Json& j) { j["profiles"]["quick"]["axes"][0]["method"] = {"w4a44"}; }, "w4a44");
    refused([](Json& j) { j["profiles"]["quick"]["axes"][1]["seed"] = {0, 1}; }, "no image is drawn");
}

TEST_CASE("a profile may say how models want their images, and how many images calibrate") {
    const test::Scratch scratch("grid-preprocessing");
    Json json = Json::parse(kPostTraining);
    Json& quick = json["profiles"]["quick"];
    quick["axes"][0]["method"] = {"w4a4e8", "w4a4e8-cal64"};
    quick["preprocessing"] = {{"resnet8", "how.json"}};
    quick["calibration"] = 100;
    quick["measured_on"] = "a few images";
    CHECK_THROWS_WITH_AS(read(json, scratch), doctest::Contains("how.json"), IoError);
    write_json(scratch / "how.json", {{"resize", 40}, {"crop", 32}});
    const auto cells = read(json, scratch).cells("quick");
    CHECK(to_json(cells[0].config).at("preprocessing") == Json{{"resize", 40}, {"crop", 32}});
    CHECK(to_json(cells[0].config).at("calibration") == 100);
    CHECK(to_json(cells[2].config).at("calibration") == 64);  // its own settings say so
    CHECK(to_json(cells[4].config).at("calibration") == 0);   // f32 wants none
    CHECK(read(json, scratch).measured_on.at("quick") == "a few images");
    quick["preprocessing"] = {{"resnet14", "how.json"}};
    CHECK_THROWS_WITH_AS(read(json, scratch), doctest::Contains("resnet14"), BadInput);
}

TEST_CASE("a grid of post-training cells may fine-tune, by a protocol of its own") {
    const test::Scratch scratch("grid-fine-tuning");
    Json json = Json::parse(kPostTraining);
    json["post_training"] = "fgq";
    Json& quick = json["profiles"]["quick"];
    quick["axes"] = {
        {"model", {"resnet8"}}, {"data", {"glyphs"}}, {"method", {"g4a8", "g64a8-ft"}}, {"seed", {0}}};
    CHECK_THROWS_WITH_AS(read(json, scratch), doctest::Contains("fine_tuning"), BadInput);
    quick["fine_tuning"] = {{"epochs", 2}, {"learning_rate", 0.02}};
    const auto cells = read(json, scratch).cells("quick");
    REQUIRE(cells.size() == 2);
    const auto& config = std::get<TrainConfig>(cells[1].config);
    CHECK(config.parent == "baseline/resnet8-w1.0--glyphs--f32--s0");
    CHECK(config.fine_tunes());
    CHECK(config.recipe.epochs == 2);
    CHECK(config.numerics == Numerics::bf16);
    CHECK(method_of(config) == "g64a8-ft");
    CHECK(parent_of(cells[1].config) == config.parent);
    CHECK(to_json(cells[1].config).at("quantization") == "g64a8");
    quick["axes"]["method"] = {"g4a8"};  // nothing to fine-tune: the protocol is one key too many
    CHECK_THROWS_WITH_AS(read(json, scratch), doctest::Contains("fine_tuning"), BadInput);
    json.erase("post_training");
    quick["axes"]["method"] = {"g64a8-ft"};
    quick.erase("fine_tuning");
    quick.erase("parents");
    CHECK_THROWS_WITH_AS(read(json, scratch), doctest::Contains("fine-tunes"), BadInput);
}
