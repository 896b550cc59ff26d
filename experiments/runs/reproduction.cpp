#include "experiments/runs/reproduction.hpp"

#include <fmt/format.h>

#include <set>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/pipeline/files/network_file.hpp"
#include "experiments/runs/measured_network.hpp"
#include "experiments/runs/parent.hpp"
#include "experiments/runs/run_cell.hpp"
#include "experiments/runs/stale.hpp"
#include "experiments/support/interrupt.hpp"
#include "experiments/support/lock.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

/// An empty folder that is gone at the end, whatever happens.
struct TemporaryFolder {
    explicit TemporaryFolder(fs::path where) : path(std::move(where)) {
        fs::remove_all(path);  // of a process that was killed: its checkpoint may be another program's
        fs::create_directories(path);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    fs::path path;
};

std::string shortened(const std::string& text) {
    constexpr std::size_t kLongest = 80;
    return text.size() <= kLongest ? text : text.substr(0, kLongest - 3) + "...";
}

/// "/metrics/eval/top1: 91.2 became 91.3", the first few. A result that is older than its fields "correct" and
/// "input_digest" says nothing about them; the digest of its predictions does.
std::string difference(const Result& before_run, Result after_run) {
    constexpr std::size_t kShown = 3;
    if (before_run.correct.empty()) after_run.correct.clear();
    if (before_run.input_digest.empty()) after_run.input_digest.clear();
    const Json stored = reproducible_part(before_run), now = reproducible_part(after_run),
               patch = Json::diff(stored, now);
    std::string text;
    for (std::size_t i = 0; i < std::min(kShown, patch.size()); ++i) {
        const std::string where = patch[i].at("path");
        // "add" and "replace" hold the new value; of an element beyond a list's end the path is "/history/-".
        const Json::json_pointer pointer(where);
        const std::string before = stored.contains(pointer) ? stored.at(pointer).dump() : "nothing",
                          after = patch[i].contains("value") ? patch[i].at("value").dump() : "nothing";
        text += fmt::format("{}{}: {} became {}", i ? ", " : "", where, shortened(before), shortened(after));
    }
    if (patch.size() > kShown) text += fmt::format(", and {} more", patch.size() - kShown);
    return text;
}

/// A run that agrees is as good as the first one: cells that start from its weights need not train again.
void adopt_networks(const fs::path& from, const fs::path& run_folder) {
    for (const char* name : {kFloatWeights, kIntegerNetwork})
        if (is_there(from / name)) fs::rename(from / name, run_folder / name);
}

}  // namespace

ReproducibleResults reproducible_results(const Project& project, bool retrain) {
    std::set<std::string> data_here;
    for (const DatasetInfo& info : list_datasets())
        if (info.available) data_here.insert(info.name);
    ReproducibleResults found;
    for (const ProfileCell& cell : list_cells(project, "", "")) {
        const fs::path path = project.result(cell.profile, cell.cell.cell);
        if (cell.profile == "quick" || !is_there(path)) continue;
        const std::string source = parent_of(cell.cell.config);
        const bool kept = is_there(kept_network(project, cell));
        const bool trains = std::holds_alternative<TrainConfig>(cell.cell.config);
        if (!data_here.contains(cell.cell.cell.data))
            ++found.without_data;
        else if (!source.empty() && is_file(source) && !is_here(source))
            ++found.without_parent;
        else if (trains && !kept && !retrain)
            ++found.without_network;
        else
            found.results.push_back({fs::proximate(path), kept && !retrain});
    }
    return found;
}

std::string difference_of_run(const Project& project, const std::string& path, const RunControl& control) {
    const Result stored = read_result(path);
    const ProfileCell cell = find_cell(project, stored.cell, stored.profile);
    if (has_stale_parent(project, cell))
        return "stale: " + parent_of(cell.cell.config) + ", from which it starts, has no fresh result";
    const Data& data = shared_data(cell.cell.config);
    const KeyParts parts = key_parts_of(project, cell, data, control);
    if (const std::string why = stored.parts.difference(parts); !why.empty())
        return "stale: " + why + " changed since";
    const fs::path run_folder = project.run_folder(cell.profile, cell.cell.cell);
    const FileLock lock(run_folder / "lock");  // who starts from this cell waits, and need not train it
    const TemporaryFolder folder(run_folder / "verify");
    Result now;
    try {
        now = compute_timed(project, cell, data, parts, open_parent(project, cell, parts, control),
                            folder.path, control);
    } catch (const Interrupted& e) {  // its words promise a checkpoint, which goes with the folder
        throw Interrupted(path + ": verification interrupted; it begins anew next time", e.signal());
    }
    const std::string differs = difference(stored, now);
    if (differs.empty()) adopt_networks(folder.path, run_folder);
    return differs;
}

std::string difference_of_evaluation(const Project& project, const std::string& path,
                                     const RunControl& control) {
    const Result stored = read_result(path);
    const ProfileCell cell = find_cell(project, stored.cell, stored.profile);
    const Data& data = shared_data(cell.cell.config);
    const ImageShape& shape = data.test->shape();
    const NetworkFile network =
        open_network(measured_network(project, cell, stored),
                     {"", "", data.test->classes(), {shape.height, shape.width, shape.channels}});
    EvaluationOptions options;
    options.normalization = network.normalization;
    options.progress = control.progress;
    options.label = stored.cell;
    const Evaluation eval = evaluate(network.classifier, *data.test, options);
    Result again = stored;
    again.eval = eval;
    again.predictions_digest = eval.predictions_digest();
    again.correct = eval.correct;
    again.input_digest = eval.input_digest;
    if (!stored.quantization) again.train = evaluate(network.classifier, *data.train, options);
    return difference(stored, again);
}

}  // namespace nibble
