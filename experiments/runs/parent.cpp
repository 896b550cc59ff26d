#include "experiments/runs/parent.hpp"

#include <fmt/format.h>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "experiments/runs/cell.hpp"
#include "experiments/runs/measured_network.hpp"
#include "experiments/runs/result.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

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

}  // namespace

Parent parent_from_file(const std::string& source) {
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

ProfileCell parent_cell(const Project& project, const std::string& profile, const std::string& source) {
    const ProfileCell cell = find_cell(project, source, profile);
    const auto* training = std::get_if<TrainConfig>(&cell.cell.config);
    if (!training || !training->is_float())
        throw BadInput("parent " + source + ": is not a cell that trains in floats");
    return cell;
}

std::string stated_weights_digest(const Project& project, const ProfileCell& cell) {
    return read_result(project.result(cell.profile, cell.cell.cell)).weights_digest;
}

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

}  // namespace nibble
