#include "experiments/runs/compute_cell.hpp"

#include "engine/core/json.hpp"
#include "engine/io/safetensors.hpp"
#include "experiments/pipeline/provenance.hpp"
#include "experiments/runs/result.hpp"

namespace nibble {

namespace fs = std::filesystem;

Json compute_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts,
                  const std::optional<Parent>& parent, const fs::path& folder, const RunControl& control) {
    Json result = std::holds_alternative<TrainConfig>(cell.cell.config)
                      ? train_cell(cell, data, parts, parent, folder, control)
                      : quantize_cell(cell, data, parts, parent.value(), folder, control);
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

fs::path checkpoint_in(const fs::path& folder, const KeyParts& parts) {
    return folder / ("checkpoint-" + parts.key().substr(0, 16) + ".safetensors");
}

void write_predictions(const fs::path& path, const Evaluation& evaluation) {
    StoredTensor tensor{"I32", {evaluation.predictions.size()}, {}};
    const auto bytes = std::as_bytes(std::span(evaluation.predictions));
    tensor.bytes.assign(bytes.begin(), bytes.end());
    write_safetensors(path, {{{"predictions", tensor}}, {}});
}

}  // namespace nibble
