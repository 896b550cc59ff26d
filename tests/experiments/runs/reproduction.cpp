#include "experiments/runs/reproduction.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/runs/measured_network.hpp"
#include "tests/helpers/results.hpp"
#include "tests/helpers/scratch.hpp"

namespace nibble {
namespace {

TEST_CASE("reproduction: what can be made again here, and why other results cannot") {
    const test::Scratch scratch("reproduction");
    const char* before = std::getenv("NIBBLE_DATA");
    const std::string root = before ? before : "";
    ::setenv("NIBBLE_DATA", scratch.path().c_str(), 1);  // no data here but what the program draws
    const auto axes = [](const char* data, const char* method, int seeds) {
        Json list = Json::array();
        for (int seed = 0; seed < seeds; ++seed) list.push_back(seed);
        return Json{
            {"axes", {{"model", {"resnet8"}}, {"data", {data}}, {"method", {method}}, {"seed", list}}}};
    };
    Json quantizes = axes("glyphs", "w4a4e8", 2);
    quantizes["parents"] = {{"resnet8", "no/such.safetensors"}};
    write_json(scratch / "experiments/trains/grid.json", {{"schema", 1},
                                                          {"title", "t"},
                                                          {"profiles",
                                                           {{"quick", axes("glyphs", "f32", 1)},
                                                            {"real", axes("glyphs", "f32", 3)},
                                                            {"elsewhere", axes("mnist", "f32", 1)}}}});
    write_json(
        scratch / "experiments/quantizes/grid.json",
        {{"schema", 1}, {"title", "t"}, {"post_training", "mmse"}, {"profiles", {{"real", quantizes}}}});
    const Project project(scratch.path());
    std::string kept;
    for (const ProfileCell& cell : list_cells(project, "", "")) {
        const auto path = project.result(cell.profile, cell.cell.cell);
        write_result(path, test::result(cell.cell.cell.name(), 50));
        if (cell.profile == "real" && cell.cell.cell.experiment == "trains" && cell.cell.cell.seed == 1) {
            write_file(kept_network(project, cell), "a network");
            kept = path;
        }
    }
    const ReproducibleResults usual = reproducible_results(project, false);
    REQUIRE(usual.results.size() == 1);
    CHECK(std::filesystem::equivalent(usual.results[0].path, kept));
    CHECK(usual.results[0].evaluation);
    CHECK(usual.without_data == 1);
    CHECK(usual.without_parent == 2);
    CHECK(usual.without_network == 2);

    const ReproducibleResults all = reproducible_results(project, true);
    CHECK(all.results.size() == 3);
    for (const Reproducible& result : all.results) CHECK(!result.evaluation);
    CHECK(all.without_network == 0);
    before ? ::setenv("NIBBLE_DATA", root.c_str(), 1) : ::unsetenv("NIBBLE_DATA");
}

}  // namespace
}  // namespace nibble
