#include "experiments/runs/parent.hpp"

#include <fmt/format.h>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "experiments/pipeline/files/model.hpp"
#include "experiments/pipeline/files/published.hpp"
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
    if (const auto normalization = file.normalization(where)) {
        digest.add(std::span<const float>(normalization->mean))
            .add(std::span<const float>(normalization->std));
        if (*normalization != Normalization{normalization->mean, normalization->std})
            digest.add(to_json(*normalization).dump());
    }
    return digest.hex();
}

/// What serves where a file is not: the checkpoint that its author published.
const std::map<std::string, std::string>& published_checkpoints() {
    static const std::map<std::string, std::string> checkpoints{
        {"pretrained/cifar10/resnet20.safetensors", "pretrained/checkpoints/resnet20-12fca82f.th"},
        {"pretrained/cifar10/resnet32.safetensors", "pretrained/checkpoints/resnet32-d509ac18.th"},
        {"pretrained/cifar10/resnet56.safetensors", "pretrained/checkpoints/resnet56-4bfd9763.th"}};
    return checkpoints;
}

/// The file of a source, else its checkpoint, else nothing.
fs::path path_of(const std::string& source) {
    if (const fs::path path = file_of(source); is_there(path)) return path;
    const auto published = published_checkpoints().find(source);
    if (published == published_checkpoints().end()) return {};
    const fs::path checkpoint = file_of(published->second);
    return is_there(checkpoint) ? checkpoint : fs::path();
}

}  // namespace

bool is_here(const std::string& source) {
    return !path_of(source).empty();
}

Parent parent_from_file(const std::string& source) {
    const fs::path path = path_of(source);
    if (path.empty()) {
        const auto published = published_checkpoints().find(source);
        const std::string wanted =
            published == published_checkpoints().end() ? source : source + " or " + published->second;
        throw IoError(file_of(source).string() +
                      ": not here; a cell starts from these pretrained weights: put them there, or set "
                      "NIBBLE_DATA to the folder that holds " +
                      wanted);
    }
    if (is_onnx(source)) {
        OpenedNetwork network = open_floats(path.string(), {});
        if (network.quantization)
            throw BadInput(path.string() + ": is quantized already; give float weights");
        const std::string digest = contents_digest(network.file, path.string());
        return {source, digest, std::move(network.file), std::move(network.graph)};
    }
    WeightsFile file = read_weights(path);
    if (const auto known = published_preprocessing(path); path != file_of(source) && known.scaling)
        file.metadata = to_metadata(known.normalization({}));
    const std::string digest = contents_digest(file, path.string());
    return {source, digest, std::move(file), {}};
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
