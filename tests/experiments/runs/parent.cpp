#include "experiments/runs/parent.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/runs/key.hpp"
#include "experiments/runs/measured_network.hpp"
#include "tests/helpers/data.hpp"
#include "tests/helpers/results.hpp"
#include "tests/helpers/scratch.hpp"
#include "tests/helpers/skip.hpp"

namespace nibble {
namespace {

/// A project with a cell that trains in floats and one that trains quantized.
struct Fixture {
    test::Scratch scratch{"parent"};
    Fixture() {
        write_json(scratch / "experiments/base/grid.json", {{"schema", 1},
                                                            {"title", "t"},
                                                            {"profiles",
                                                             {{"p",
                                                               {{"axes",
                                                                 {{"model", {"resnet8"}},
                                                                  {"data", {"glyphs"}},
                                                                  {"method", {"f32", "w8a8"}},
                                                                  {"seed", {0}}}}}}}}});
    }
    Project project() const { return Project(scratch.path()); }
};

/// NIBBLE_DATA, for a while.
class DataRoot {
  public:
    explicit DataRoot(const std::filesystem::path& root) {
        if (const char* before = std::getenv("NIBBLE_DATA")) before_ = before;
        ::setenv("NIBBLE_DATA", root.c_str(), 1);
    }
    ~DataRoot() { before_ ? ::setenv("NIBBLE_DATA", before_->c_str(), 1) : ::unsetenv("NIBBLE_DATA"); }
    DataRoot(const DataRoot&) = delete;
    DataRoot& operator=(const DataRoot&) = delete;

  private:
    std::optional<std::string> before_;
};

Weights weights_of(float value) {
    return {{"conv.weight", Array<float>(Shape{1, 1, 1, 1}, value)}};
}

TEST_CASE("parent: the cell that a source names must train in floats") {
    const Fixture f;
    const Project project = f.project();
    CHECK(parent_cell(project, "p", "base/resnet8--glyphs--f32--s0").cell.cell.method == "f32");
    CHECK_THROWS_WITH_AS(parent_cell(project, "p", "base/resnet8--glyphs--w8a8--s0"),
                         doctest::Contains("trains in floats"), BadInput);
    CHECK_THROWS_AS(parent_cell(project, "p", "base/resnet8--glyphs--f32--s1"), BadInput);
}

TEST_CASE("parent: weights count only with the digest that the result states, wherever they lie") {
    const Fixture f;
    const Project project = f.project();
    const ProfileCell cell = parent_cell(project, "p", "base/resnet8--glyphs--f32--s0");
    const std::string digest = digest_of(weights_of(1));
    Result result = test::result(cell.cell.cell.name(), 50);
    result.weights_digest = digest;
    write_result(project.result("p", cell.cell.cell), result);
    CHECK(stated_weights_digest(project, cell) == digest);
    CHECK(!find_weights(project, cell, digest));

    const auto in_run = project.run_folder("p", cell.cell.cell) / kFloatWeights;
    write_weights(in_run, weights_of(2), {});  // of another run
    CHECK(!find_weights(project, cell, digest));
    write_weights(kept_network(project, cell), weights_of(1), {});
    const auto found = find_weights(project, cell, digest);
    REQUIRE(found);
    CHECK(found->weights.at("conv.weight")(0, 0, 0, 0) == 1);
    write_file(kept_network(project, cell), "damaged");  // said on stderr, as good as none
    CHECK(!find_weights(project, cell, digest));
    write_weights(in_run, weights_of(1), {});
    CHECK(find_weights(project, cell, digest));
    std::filesystem::remove_all(in_run.parent_path());
}

TEST_CASE("parent: a file says where it belongs when it is not there, and counts with its normalization") {
    CHECK_THROWS_WITH_AS(parent_from_file("no/such.safetensors"), doctest::Contains("no/such.safetensors"),
                         IoError);
    const test::Scratch scratch("parent-file");
    const DataRoot root(scratch.path());
    write_weights(scratch / "a.safetensors", weights_of(1), {});
    write_weights(scratch / "b.safetensors", weights_of(1),
                  {{"normalize_mean", "0.5,0.5,0.5"}, {"normalize_std", "1,1,1"}});
    const std::string plain = parent_from_file("a.safetensors").digest;
    CHECK(plain != parent_from_file("b.safetensors").digest);
    write_weights(scratch / "b.safetensors", weights_of(1), {{"comment", "of no account"}});
    CHECK(plain == parent_from_file("b.safetensors").digest);
}

TEST_CASE("parent: an ONNX file brings its architecture along") {
    const auto data = test::data_root("onnx");
    if (!is_there(data / "onnx/resnet20_projection.onnx"))
        return test::skipped("no ONNX networks in " + data.string());
    const std::string source = "onnx/resnet20_projection.onnx";
    const PostTrainingConfig config{"mmse", "mine", "cifar10", "f32", source, 0};
    {
        const DataRoot root(data);
        const Parent parent = parent_from_file(source);
        REQUIRE(parent.graph);
        CHECK(parent.graph->digest() == network_digest(config));
    }
    const test::Scratch scratch("no-onnx");
    const DataRoot root(scratch.path());
    CHECK(!network_digest(config));
    CHECK_THROWS_WITH_AS(parent_from_file(source), doctest::Contains(source.c_str()), IoError);
}

TEST_CASE("parent: a published checkpoint is the file that was made from it") {
    const auto pretrained = test::data_root("pretrained/checkpoints") / "pretrained";
    const std::string source = "pretrained/cifar10/resnet20.safetensors";
    if (!is_there(pretrained / "checkpoints/resnet20-12fca82f.th") ||
        !is_there(pretrained / "cifar10/resnet20.safetensors"))
        return test::skipped("no pretrained networks in " + pretrained.string());
    const DataRoot whole(pretrained.parent_path());
    const std::string digest = parent_from_file(source).digest;

    const test::Scratch scratch("published");
    const DataRoot root(scratch.path());
    CHECK(!is_here(source));
    CHECK_THROWS_WITH_AS(parent_from_file(source),
                         doctest::Contains("or pretrained/checkpoints/resnet20-12fca82f.th"), IoError);
    std::filesystem::create_directory(scratch / "pretrained");
    std::filesystem::create_directory_symlink(pretrained / "checkpoints", scratch / "pretrained/checkpoints");
    CHECK(is_here(source));
    CHECK(parent_from_file(source).digest == digest);
}

}  // namespace
}  // namespace nibble
