#include "experiments/harness/reproduction.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "experiments/harness/measured_network.hpp"
#include "experiments/harness/network_file.hpp"
#include "experiments/harness/run_cell.hpp"

namespace nibble {

namespace {

/// A folder that is gone at the end, whatever happens.
struct TemporaryFolder {
    explicit TemporaryFolder(std::filesystem::path where) : path(std::move(where)) {
        std::filesystem::create_directories(path);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::filesystem::path path;
};

/// "/metrics/eval/top1: 91.2 became 91.3", the first few.
std::string difference(const Json& stored, const Json& now) {
    constexpr std::size_t kShown = 3;
    const Json patch = Json::diff(stored, now);
    std::string text;
    for (std::size_t i = 0; i < std::min(kShown, patch.size()); ++i) {
        const std::string where = patch[i].at("path");
        const Json::json_pointer pointer(where);
        const auto value = [&](const Json& json) {
            return json.contains(pointer) ? json.at(pointer).dump() : "nothing";
        };
        text += fmt::format("{}{}: {} became {}", i ? ", " : "", where, value(stored), value(now));
    }
    if (patch.size() > kShown) text += fmt::format(", and {} more", patch.size() - kShown);
    return text;
}

}  // namespace

std::string difference_of_run(const Project& project, const std::string& path, const RunControl& control) {
    const Json stored = read_json(path);
    const Result result = result_from(stored, path);
    const ProfileCell cell = find_cell(project, result.cell, result.profile);
    const Data& data = shared_data(cell.cell.cell.data);
    const KeyParts parts = key_parts_of(project, cell, data, control);
    if (const std::string why = result.parts.difference(parts); !why.empty())
        return "stale: " + why + " changed since";
    const TemporaryFolder folder(project.run_folder(cell.profile, cell.cell.cell) /
                                 ("verify-" + std::to_string(::getpid())));
    return difference(reproducible_part(stored),
                      reproducible_part(compute_cell(project, cell, data, parts, folder.path, control)));
}

std::string difference_of_evaluation(const Project& project, const std::string& path,
                                     const RunControl& control) {
    const Json stored = read_json(path);
    const Result result = result_from(stored, path);
    const ProfileCell cell = find_cell(project, result.cell, result.profile);
    const Data& data = shared_data(cell.cell.cell.data);
    const ImageShape& shape = data.test->shape();
    const NetworkFile network =
        open_network(measured_network(project, cell, result),
                     {"", "", data.test->classes(), {shape.height, shape.width, shape.channels}});
    EvaluationOptions options;
    options.normalization = network.normalization;
    options.progress = control.progress;
    options.label = result.cell;
    const Evaluation eval = evaluate(network.classifier, *data.test, options);
    Json again = stored;
    again["metrics"]["eval"] = to_json(eval);
    again["predictions_digest"] = eval.predictions_digest();
    if (stored.at("metrics").contains("train"))
        again["metrics"]["train"] = to_json(evaluate(network.classifier, *data.train, options));
    return difference(stored, again);
}

}  // namespace nibble
