#include "experiments/harness/parent.hpp"

#include <fmt/format.h>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/harness/lock.hpp"
#include "experiments/harness/run_cell.hpp"
#include "experiments/harness/stale.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

bool is_file(const std::string& source) {
    return source.ends_with(".safetensors");
}

fs::path file_of(const std::string& source) {
    return data_root() / source;
}

ProfileCell cell_of(const Project& project, const std::string& profile, const std::string& source) {
    const ProfileCell cell = find_cell(project, source, profile);
    const auto* training = std::get_if<TrainConfig>(&cell.cell.config);
    if (!training || !training->is_float())
        throw BadInput("parent " + source + ": is not a cell that trains in floats");
    return cell;
}

std::string stated_digest(const Project& project, const ProfileCell& cell) {
    return read_result(project.result(cell.profile, cell.cell.cell)).weights_digest;
}

/// The weights with this digest, where somebody left them.
std::optional<WeightsFile> find_weights(const Project& project, const ProfileCell& cell,
                                        const std::string& digest) {
    for (const fs::path& path :
         {project.run_folder(cell.profile, cell.cell.cell) / kFloatWeights, kept_network(project, cell)}) {
        if (!is_there(path)) continue;
        try {
            WeightsFile file = read_weights(path);
            if (digest_of(file.weights) == digest) return file;
        } catch (const BadInput& e) {  // damaged: as good as none
            fmt::print(stderr, "{}; not used\n", e.what());
        }
    }
    return std::nullopt;
}

/// Trains the network of a fresh result once more, for its weights; the result stays as it is.
void train_again(const Project& project, const ProfileCell& cell, const std::string& digest,
                 const RunControl& control) {
    const fs::path folder = project.run_folder(cell.profile, cell.cell.cell);
    const FileLock lock(folder / "lock");
    if (find_weights(project, cell, digest)) return;  // another process made them
    fmt::print(stderr, "{}: trained again, for its weights are not here\n", cell.cell.cell.name());
    const Data& data = shared_data(cell.cell.cell.data);
    const KeyParts parts = key_parts_of(project, cell, data, control);
    compute_cell(project, cell, data, parts, folder, control);
    fs::remove(checkpoint_in(folder, parts));
}

/// What a file contributes to a cell: its weights, and how images become their inputs. Another conversion of
/// the same network has the same digest.
std::string contents_digest(const WeightsFile& file, const std::string& where) {
    Digest digest;
    digest.add(digest_of(file.weights));
    if (const auto normalization = file.normalization(where))
        digest.add(std::span<const float>(normalization->mean))
            .add(std::span<const float>(normalization->std));
    return digest.hex();
}

Parent from_file(const std::string& source) {
    const fs::path path = file_of(source);
    if (!is_there(path))
        throw IoError(path.string() +
                      ": not here; a cell starts from these pretrained weights: put them there, or set "
                      "NIBBLE_DATA to the folder that holds " +
                      source);
    WeightsFile file = read_weights(path);
    const std::string digest = contents_digest(file, path.string());
    return {source, digest, std::move(file)};
}

}  // namespace

void check_source(const std::string& source) {
    if (!is_file(source)) {
        cell_from(source);
        return;
    }
    const fs::path path = source;
    if (path.is_absolute() || path.lexically_normal() != path || source.starts_with(".."))
        throw BadInput("parent", "file", "a path below NIBBLE_DATA", "'" + source + "'");
}

std::optional<std::string> known_parent_digest(const Project& project, const std::string& profile,
                                               const std::string& source) {
    if (is_file(source)) {
        if (!is_there(file_of(source))) return std::nullopt;
        return from_file(source).digest;
    }
    const ProfileCell cell = cell_of(project, profile, source);
    if (!is_there(project.result(profile, cell.cell.cell))) return std::nullopt;
    return judge(project, cell).why.empty() ? stated_digest(project, cell) : "";
}

bool has_stale_parent(const Project& project, const ProfileCell& cell) {
    const std::string source = parent_of(cell.cell.config);
    return !source.empty() && !is_file(source) &&
           known_parent_digest(project, cell.profile, source).value_or("").empty();
}

Parent open_parent(const Project& project, const std::string& profile, const std::string& source,
                   const RunControl& control) {
    if (is_file(source)) return from_file(source);
    const ProfileCell cell = cell_of(project, profile, source);
    run_cell(project, cell, {.force = false, .control = control});
    const std::string digest = stated_digest(project, cell);
    auto file = find_weights(project, cell, digest);
    if (!file) {
        train_again(project, cell, digest, control);
        file = find_weights(project, cell, digest);
    }
    if (!file)
        throw Error("parent " + source +
                    ": trained again, it has other weights than its result states; see 'nibble verify'");
    return {source, digest, std::move(*file)};
}

Parent open_checked_parent(const Project& project, const ProfileCell& cell, const Graph& graph,
                           const KeyParts& parts, const RunControl& control) {
    const std::string source = parent_of(cell.cell.config);
    Parent parent = open_parent(project, cell.profile, source, control);
    if (parent.digest != parts.parent)
        throw Error("parent " + source + ": it changed while the cell ran; run the cell again");
    check(parent.file, graph, "parent " + source);
    return parent;
}

}  // namespace nibble
