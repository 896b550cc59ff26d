#include "experiments/runs/measured_network.hpp"

#include <fmt/format.h>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "experiments/pipeline/files/weights_file.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

bool belongs(const fs::path& path, const Result& result) {
    Safetensors file = read_safetensors(path);
    if (!is_integer_network(file))
        return digest_of(weights_from(std::move(file), path.string()).weights) == result.weights_digest;
    const auto key = file.metadata.find("key");
    KeyParts older = result.parts;  // networks kept before keys knew the graph
    older.network.clear();
    return key != file.metadata.end() && (key->second == result.parts.key() || key->second == older.key());
}

bool trains_in_floats(const ProfileCell& cell) {
    const auto* training = std::get_if<TrainConfig>(&cell.cell.config);
    return training && training->is_float();
}

}  // namespace

fs::path kept_network(const Project& project, const ProfileCell& cell) {
    return project.result(cell.profile, cell.cell.cell).replace_extension("safetensors");
}

fs::path measured_network(const Project& project, const ProfileCell& cell, const Result& result) {
    const fs::path folder = project.run_folder(cell.profile, cell.cell.cell);
    const bool floats = trains_in_floats(cell);
    std::string others;
    for (const fs::path& path :
         {folder / kIntegerNetwork, folder / kFloatWeights, kept_network(project, cell)}) {
        if (!is_there(path) || (path.filename() == kFloatWeights && !floats)) continue;
        if (belongs(path, result)) return path;
        others += (others.empty() ? "" : ", ") + path.string();
    }
    throw BadInput("the network of result " + result.profile + " " + result.cell + " is not here" +
                   (others.empty() ? "" : "; " + others + " belongs to another run") +
                   "; run 'nibble run --force --profile " + result.profile + " " + result.cell + "'");
}

void keep_network(const Project& project, const ProfileCell& cell, const Result& result) {
    if (!result.ran_as_integers() && !trains_in_floats(cell)) {
        fmt::print(stderr, "{}: its network ran in floats on codes and is not kept\n", result.cell);
        return;
    }
    const fs::path from = measured_network(project, cell, result), to = kept_network(project, cell);
    if (from != to) write_file(to, read_file(from));
}

}  // namespace nibble
