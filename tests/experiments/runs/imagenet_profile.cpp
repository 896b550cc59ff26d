// A dry run of profile `imagenet`, whose images and weights nobody may pass on: random weights of its networks and 64
// generated images go through its post-training cells. It takes more than ten minutes, so a test run leaves it out:
// NIBBLE_DRY_RUN=some takes every network and every method, but not all of their pairs; NIBBLE_DRY_RUN=all takes all
// (`make dry-run`).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "datasets/images/image_folder.hpp"
#include "engine/core/rng.hpp"
#include "engine/train/init.hpp"
#include "experiments/pipeline/files/model.hpp"
#include "experiments/runs/compute_cell.hpp"
#include "experiments/runs/project.hpp"
#include "tests/helpers/scratch.hpp"
#include "tests/helpers/skip.hpp"

namespace nibble {
namespace {

constexpr int kImages = 64, kCalibration = 16, kSide = 120;
/// Networks that take smaller images than their usual ones do.
constexpr int kSmall = 64;

/// An uncompressed BMP of random colours; rows are multiples of four bytes.
std::string random_bmp(std::uint32_t number) {
    std::string bytes = "BM";
    const auto add = [&](std::uint32_t value, int count) {
        for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i);
    };
    const std::uint32_t size = 3 * kSide * kSide;
    for (std::uint32_t value : {54 + size, 0u, 54u, 40u, 0u + kSide, 0u + kSide}) add(value, 4);
    for (std::uint32_t value : {1u, 24u}) add(value, 2);
    for (std::uint32_t value : {0u, size, 0u, 0u, 0u, 0u}) add(value, 4);
    Random random(number, Purpose::init);
    for (std::uint32_t i = 0; i < size; ++i) bytes += static_cast<char>(random.bits());
    return bytes;
}

/// As the profile's own images, smaller.
Data small_data(const std::filesystem::path& folder, const std::string& model) {
    StatedPreprocessing stated;
    const std::map<std::string, int> sides{{"alexnet", 224}, {"vgg16_bn", 224}, {"inception_v3", 80}};
    const int side = sides.contains(model) ? sides.at(model) : kSmall;
    stated.resize = Resize::shorter(side);
    stated.crop = side;
    return open_data("image_folder:" + folder.string(), stated);
}

/// Every method on the smallest network, and two on each of the others.
std::vector<ProfileCell> chosen(const std::vector<ProfileCell>& cells, const std::string& wish) {
    if (wish == "all") return cells;
    std::vector<ProfileCell> some;
    for (const ProfileCell& cell : cells) {
        const auto& [experiment, model, data, method, seed] = cell.cell.cell;
        if (seed == 0 && (model == "squeezenet1_1" || method == "w4a8e8" || method == "g4a8"))
            some.push_back(cell);
    }
    std::ranges::stable_sort(some, {}, [](const ProfileCell& cell) { return cell.cell.cell.model; });
    return some;
}

}  // namespace

TEST_CASE("profile imagenet: its cells run end to end on random weights and generated images") {
    const char* wish = std::getenv("NIBBLE_DRY_RUN");
    if (!wish || !*wish) return test::skipped("the dry run of profile imagenet takes minutes: make dry-run");
    const test::Scratch scratch("imagenet-profile");
    for (int i = 0; i < kImages; ++i)
        for (const char* split : {"train", "val"})
            scratch.write("images/" + std::string(split) + "/" + std::to_string(i % 8) + "/" +
                              std::to_string(i) + ".bmp",
                          random_bmp(static_cast<std::uint32_t>(i)));
    const Project project(NIBBLE_SOURCE_DIR);
    std::vector<ProfileCell> cells;
    for (const ProfileCell& cell : list_cells(project, "imagenet", ""))
        if (std::holds_alternative<PostTrainingConfig>(cell.cell.config)) cells.push_back(cell);
    std::set<std::string> networks, methods, run_networks, run_methods;
    for (const ProfileCell& cell : cells) {
        networks.insert(cell.cell.cell.model);
        methods.insert(cell.cell.cell.method);
    }
    std::map<std::string, std::pair<Data, Parent>> opened;
    for (ProfileCell cell : chosen(cells, wish)) {
        auto& config = std::get<PostTrainingConfig>(cell.cell.config);
        CAPTURE(cell.cell.cell.name());
        if (!opened.contains(config.model)) {
            opened.clear();  // the weights of one network at a time
            Data data = small_data(scratch / "images", config.model);
            Parent parent{config.parent, "random", {}, {}};
            parent.file.weights = initial_weights(make_graph(config.model, *data.train), 1);
            opened.emplace(config.model, std::pair(std::move(data), std::move(parent)));
        }
        const auto& [data, parent] = opened.at(config.model);
        config.calibration = kCalibration;
        const Result result = compute_cell(cell, data, {}, parent, scratch.path(), {});
        CHECK(result.eval.images == kImages);
        CHECK(std::isfinite(result.eval.loss));
        CHECK(result.quantization);
        run_networks.insert(config.model);
        run_methods.insert(config.method);
    }
    CHECK(run_networks == networks);
    CHECK(run_methods == methods);
}

}  // namespace nibble
