#include "experiments/harness/run_cell.hpp"

#include <fmt/format.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/io/safetensors.hpp"
#include "experiments/harness/evaluation.hpp"
#include "experiments/harness/interrupt.hpp"
#include "experiments/harness/lock.hpp"
#include "experiments/harness/parent.hpp"
#include "experiments/harness/provenance.hpp"
#include "experiments/harness/stale.hpp"

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
        return is_there(path) && read_result(path).key == parts.key();
    } catch (const Error&) {
        return false;  // unreadable or of another schema: to be made again
    }
}

}  // namespace

fs::path checkpoint_in(const fs::path& folder, const KeyParts& parts) {
    return folder / ("checkpoint-" + parts.key().substr(0, 16) + ".safetensors");
}

KeyParts key_parts_of(const Project& project, const ProfileCell& cell, const Data& data,
                      const RunControl& control) {
    std::string parent;
    if (const std::string source = parent_of(cell.cell.config); !source.empty()) {
        const auto known = known_parent_digest(project, cell.profile, source);
        parent =
            known && !known->empty() ? *known : open_parent(project, cell.profile, source, control).digest;
    }
    return {digest_of(to_json(cell.cell.config)), digest_of(describe(data)), parent,
            numerics_digest(project.golden(), cell.cell.config), network_digest(cell.cell.config)};
}

Json compute_cell(const Project& project, const ProfileCell& cell, const Data& data, const KeyParts& parts,
                  const fs::path& folder, const RunControl& control) {
    Json result = std::holds_alternative<TrainConfig>(cell.cell.config)
                      ? train_cell(project, cell, data, parts, folder, control)
                      : quantize_cell(project, cell, data, parts, folder, control);
    result["schema"] = kResultSchema;
    result["profile"] = cell.profile;
    result["cell"] = cell.cell.cell.name();
    result["config"] = to_json(cell.cell.config);
    result["seed"] = cell.cell.cell.seed;
    result["data"] = describe(data);
    result["key"] = parts.key();
    result["key_parts"] = to_json(parts);
    result["provenance"] = provenance();
    return result;
}

void write_predictions(const fs::path& path, const Evaluation& evaluation) {
    StoredTensor tensor{"I32", {evaluation.predictions.size()}, {}};
    const auto bytes = std::as_bytes(std::span(evaluation.predictions));
    tensor.bytes.assign(bytes.begin(), bytes.end());
    write_safetensors(path, {{{"predictions", tensor}}, {}});
}

RunOutcome run_cell(const Project& project, const ProfileCell& cell, const RunOptions& options) {
    const std::string name = cell.cell.cell.name();
    const fs::path folder = project.run_folder(cell.profile, cell.cell.cell);
    const fs::path path = project.result(cell.profile, cell.cell.cell);
    const FileLock lock(folder / "lock",
                        [&] { fmt::print(stderr, "{}: waiting for another process\n", name); });
    for (const fs::path& kept : {path, kept_network(project, cell)}) remove_partials_of(kept);
    try {
        const Data& data = shared_data(cell.cell.cell.data);
        const KeyParts parts = key_parts_of(project, cell, data, options.control);
        if (!options.force && is_fresh(path, parts)) {
            fs::remove(folder / "status.json");
            if (options.keep) keep_network(project, cell, read_result(path));
            return RunOutcome::fresh;
        }
        remove_leftovers(folder, options.force ? fs::path() : checkpoint_in(folder, parts));
        record(folder, "running", "");
        const Json result = compute_cell(project, cell, data, parts, folder, options.control);
        result_from(result, name);
        write_json(path, result);
        remove_leftovers(folder);
        fs::remove(folder / "status.json");
        // A network that is kept already is of the result that was just replaced.
        if (options.keep || is_there(kept_network(project, cell)))
            keep_network(project, cell, read_result(path));
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
