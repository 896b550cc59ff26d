#include "experiments/runs/run_cell.hpp"

#include <fmt/format.h>

#include <ctime>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/pipeline/files/model.hpp"
#include "experiments/runs/cell.hpp"
#include "experiments/runs/result.hpp"
#include "experiments/runs/stale.hpp"
#include "experiments/support/interrupt.hpp"
#include "experiments/support/lock.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

/// Checkpoints of other keys belong to runs that nobody will go on with, partial files to one that was
/// killed: whoever holds the cell's lock may remove them.
void remove_leftovers(const fs::path& folder, const fs::path& but = {}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        const fs::path& path = entry.path();
        if ((path.filename().string().starts_with("checkpoint-") && path != but) ||
            path.extension() == ".partial")
            fs::remove(path);
    }
}

void record(const fs::path& folder, const std::string& status, const std::string& what) {
    write_json(folder / "status.json", {{"status", status}, {"what", what}});
}

/// Of a run that ended without a result; a damaged record says as much as none of its end.
std::string recorded_status(const fs::path& folder) {
    try {
        const Json record = read_json(folder / "status.json");
        const std::string status = Fields(record, folder.string()).require<std::string>("status");
        if (status == "interrupted" || status == "failed") return status;
    } catch (const Error&) {
    }
    return "crashed";
}

bool is_fresh(const fs::path& path, const KeyParts& parts) {
    try {
        return is_there(path) && read_result(path).parts.key() == parts.key();
    } catch (const Error&) {
        return false;  // unreadable or of another schema: to be made again
    }
}

/// Trains the network of a fresh result once more, for its weights; the result stays as it is.
void train_again(const Project& project, const ProfileCell& cell, const std::string& digest,
                 const RunControl& control) {
    const fs::path folder = project.run_folder(cell.profile, cell.cell.cell);
    const FileLock lock(folder / "lock");
    if (find_weights(project, cell, digest)) return;  // another process made them
    fmt::print(stderr, "{}: trained again, for its weights are not here\n", cell.cell.cell.name());
    const Data& data = shared_data(cell.cell.config);
    const KeyParts parts = key_parts_of(project, cell, data, control);
    compute_timed(project, cell, data, parts, std::nullopt, folder, control);
    fs::remove(checkpoint_in(folder, parts));
}

/// Runs the cell of a source if that is needed for its weights.
Parent open_source(const Project& project, const std::string& profile, const std::string& source,
                   const RunControl& control) {
    if (is_file(source)) return parent_from_file(source);
    const ProfileCell cell = parent_cell(project, profile, source);
    run_cell(project, cell, {.force = false, .control = control});
    const std::string digest = stated_weights_digest(project, cell);
    auto file = find_weights(project, cell, digest);
    if (!file) {
        train_again(project, cell, digest, control);
        file = find_weights(project, cell, digest);
    }
    if (!file)
        throw Error("parent " + source +
                    ": trained again, it has other weights than its result states; see 'nibble verify'");
    return {source, digest, std::move(*file), {}};
}

}  // namespace

KeyParts key_parts_of(const Project& project, const ProfileCell& cell, const Data& data,
                      const RunControl& control) {
    std::string parent;
    if (const std::string source = parent_of(cell.cell.config); !source.empty()) {
        const auto known = known_parent_digest(project, cell.profile, source);
        parent =
            known && !known->empty() ? *known : open_source(project, cell.profile, source, control).digest;
    }
    return {digest_of(to_json(cell.cell.config)), digest_of(describe(data)), parent,
            numerics_digest(project.golden(), cell.cell.config), network_digest(cell.cell.config).value()};
}

std::optional<Parent> open_parent(const Project& project, const ProfileCell& cell, const KeyParts& parts,
                                  const RunControl& control) {
    const std::string source = parent_of(cell.cell.config);
    if (source.empty()) return std::nullopt;
    Parent parent = open_source(project, cell.profile, source, control);
    if (parent.digest != parts.parent)
        throw Error("parent " + source + ": it changed while the cell ran; run the cell again");
    return parent;
}

std::optional<CellWork> work_of(const ProfileCell& cell) try {
    const auto& [c, config] = cell.cell;
    const Data& data = shared_data(config);
    const std::string source = parent_of(config);
    const Graph graph = make_graph(is_onnx(source) ? file_of(source).string() : c.model, *data.test);
    auto images = static_cast<double>(data.test->size());
    if (const auto* training = std::get_if<TrainConfig>(&config))
        images += 3.0 * training->recipe.epochs * static_cast<double>(data.train->size());
    const auto products = cost_of(graph, network_bits_of(Numerics::f32)).total.multiplications;
    return CellWork{cell.profile,
                    c.experiment,
                    c.model,
                    c.data,
                    c.method,
                    c.seed,
                    images * static_cast<double>(products)};
} catch (const Error&) {
    return std::nullopt;
}

Result compute_timed(const Project& project, const ProfileCell& cell, const Data& data, const KeyParts& parts,
                     const std::optional<Parent>& parent, const fs::path& folder, const RunControl& control) {
    const bool resumes = is_there(checkpoint_in(folder, parts));
    const std::clock_t begin = std::clock();
    Result result = compute_cell(cell, data, parts, parent, folder, control);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    try {
        if (const auto work = work_of(cell); work && !resumes) add_time(project.times(), {*work, seconds});
    } catch (const Error& e) {  // the result is worth more than its time
        fmt::print(stderr, "{}: its time is not recorded: {}\n", cell.cell.cell.name(), e.what());
    }
    return result;
}

RunOutcome run_cell(const Project& project, const ProfileCell& cell, const RunOptions& options) {
    const std::string name = cell.cell.cell.name();
    const fs::path folder = project.run_folder(cell.profile, cell.cell.cell);
    const fs::path path = project.result(cell.profile, cell.cell.cell);
    const FileLock lock(folder / "lock",
                        [&] { fmt::print(stderr, "{}: waiting for another process\n", name); });
    for (const fs::path& kept : {path, kept_network(project, cell)}) remove_partials_of(kept);
    try {
        const Data& data = shared_data(cell.cell.config);
        const KeyParts parts = key_parts_of(project, cell, data, options.control);
        if (!options.force && is_fresh(path, parts)) {
            fs::remove(folder / "status.json");
            if (options.keep) keep_network(project, cell, read_result(path));
            return RunOutcome::fresh;
        }
        remove_leftovers(folder, options.force ? fs::path() : checkpoint_in(folder, parts));
        record(folder, "running", "");
        const Result result =
            compute_timed(project, cell, data, parts, open_parent(project, cell, parts, options.control),
                          folder, options.control);
        write_result(path, result);
        remove_leftovers(folder);
        fs::remove(folder / "status.json");
        // A network that is kept already is of the result that was just replaced.
        if (options.keep || is_there(kept_network(project, cell))) keep_network(project, cell, result);
        return RunOutcome::done;
    } catch (const Interrupted& e) {
        record(folder, "interrupted", e.what());
        throw;
    } catch (const std::exception& e) {
        record(folder, "failed", e.what());
        throw;
    }
}

std::string status_of(const Project& project, const ProfileCell& cell) {
    const fs::path folder = project.run_folder(cell.profile, cell.cell.cell);
    if (FileLock::held(folder / "lock")) return "running";
    const bool has_result = is_there(project.result(cell.profile, cell.cell.cell));
    if (has_result && judge(project, cell).why.empty()) return "fresh";
    if (is_there(folder / "status.json")) return recorded_status(folder);
    return has_result ? "stale" : "missing";
}

}  // namespace nibble
