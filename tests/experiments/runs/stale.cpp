#include "experiments/runs/stale.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "datasets/catalog.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/pipeline/data.hpp"
#include "experiments/runs/key.hpp"
#include "tests/helpers/results.hpp"
#include "tests/helpers/scratch.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {
Result result_with(const std::string& cell, const KeyParts& parts) {
    Result made_up = test::result(cell, 50);
    made_up.profile = "p";
    made_up.parts = parts;
    return made_up;
}
}  // namespace

TEST_CASE("a result is stale exactly when a part of its key has changed") {
    const test::Scratch scratch("stale");
    // mnist is not in any data root of ours: its digest has to come from the result.
    Json grid = {
        {"schema", 1},
        {"title", "t"},
        {"profiles",
         {{"p",
           {{"axes", {{"model", {"resnet8"}}, {"data", {"mnist"}}, {"method", {"f32"}}, {"seed", {0}}}}}}}}};
    const auto grid_path = scratch / "experiments/paper/grid.json";
    write_json(grid_path, grid);
    write_json(scratch / "tests/golden/training.json", {{"f32", "aa"}, {"bf16", "bb"}});
    const Project project(scratch.path());
    const auto cell = [&] { return find_cell(project, "paper/resnet8--mnist--f32--s0", ""); };
    KeyParts parts{digest_of(to_json(cell().cell.config)), "recorded", "",
                   numerics_digest(project.golden(), cell().cell.config), "another network"};
    const auto path = project.result("p", cell().cell.cell);
    write_result(path, result_with(cell().cell.cell.name(), parts));
    bool here = false;
    for (const DatasetInfo& info : list_datasets()) here = here || (info.name == "mnist" && info.available);
    if (here) {
        nibble::test::skipped("mnist is here, so a missing data set cannot be shown");
        return;
    }

    CHECK(judge(project, cell()).why == "network");
    CHECK(!add_network(project, cell()));
    parts.network.clear();
    const Result old = result_with(cell().cell.cell.name(), parts);
    write_result(path, old);
    CHECK(judge(project, cell()).why == "network");
    CHECK(add_network(project, cell()));
    Result now = read_result(path);
    CHECK(now.parts.network == network_digest(cell().cell.config).value());
    now.parts = old.parts;
    CHECK(to_json(now) == to_json(old));
    CHECK(judge(project, cell()).why.empty());
    CHECK(judge(project, cell()).data_recorded);

    write_json(scratch / "tests/golden/training.json", {{"f32", "aa"}, {"bf16", "changed"}});
    CHECK(judge(project, cell()).why.empty());
    write_json(scratch / "tests/golden/training.json", {{"f32", "changed"}, {"bf16", "bb"}});
    CHECK(judge(project, cell()).why == "numerics");

    grid["profiles"]["p"]["protocol"] = {{"epochs", 3}};
    write_json(grid_path, grid);
    CHECK(judge(project, cell()).why == "config, numerics");
    write_file(path, "{\"schema\": 1");
    CHECK(judge(project, cell()).why.starts_with("unreadable: "));
}

TEST_CASE("data that is here counts with both splits, normalization and augmentation") {
    const Json glyphs = describe(open_data("glyphs"));
    CHECK(glyphs.at("train").at("images") == 8000);
    CHECK(glyphs.at("train").at("digest") != glyphs.at("test").at("digest"));
    CHECK(glyphs.contains("normalization"));
    CHECK(glyphs.contains("augmentation"));
    CHECK(digest_of(glyphs) == digest_of(describe(open_data("glyphs"))));
}
