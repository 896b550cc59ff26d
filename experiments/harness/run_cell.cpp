#include "experiments/harness/run_cell.hpp"

#include <fmt/format.h>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "engine/io/safetensors.hpp"
#include "experiments/harness/cost.hpp"
#include "experiments/harness/deployment.hpp"
#include "experiments/harness/evaluation.hpp"
#include "experiments/harness/interrupt.hpp"
#include "experiments/harness/lock.hpp"
#include "experiments/harness/provenance.hpp"
#include "experiments/harness/stale.hpp"
#include "experiments/harness/weights_file.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

void write_predictions(const fs::path& path, const Evaluation& evaluation) {
    StoredTensor tensor{"I32", {evaluation.predictions.size()}, {}};
    const auto bytes = std::as_bytes(std::span(evaluation.predictions));
    tensor.bytes.assign(bytes.begin(), bytes.end());
    write_safetensors(path, {{{"predictions", tensor}}, {}});
}

Metadata describe_weights(const TrainConfig& config, const Data& data) {
    Metadata metadata = to_metadata(data.train->normalization());
    metadata["model"] = config.model;
    metadata["numerics"] = to_string(config.numerics);
    if (config.quantization) metadata["quantization"] = aqt::to_string(*config.quantization);
    metadata["config"] = to_json(config).dump();
    return metadata;
}

/// Everything that training made.
Weights all_of(const TrainedNetwork& network) {
    Weights all = network.weights;
    all.insert(network.quantizer_state.begin(), network.quantizer_state.end());
    return all;
}

/// Checkpoints of other keys belong to runs that nobody will go on with.
void remove_checkpoints(const fs::path& folder, const fs::path& but = {}) {
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().filename().string().starts_with("checkpoint-") && entry.path() != but)
            fs::remove(entry.path());
}

fs::path checkpoint_in(const fs::path& folder, const KeyParts& parts) {
    return folder / ("checkpoint-" + parts.key().substr(0, 16) + ".safetensors");
}

void record(const fs::path& folder, const std::string& status, const std::string& what) {
    write_json(folder / "status.json", {{"status", status}, {"what", what}});
}

bool is_fresh(const fs::path& path, const KeyParts& parts) {
    try {
        return fs::exists(path) && read_result(path).key == parts.key();
    } catch (const Error&) {
        return false;  // unreadable or of another schema: to be made again
    }
}

}  // namespace

KeyParts key_parts_of(const Project& project, const GridCell& cell, const Data& data) {
    return {digest_of(to_json(cell.config)), digest_of(describe(data)), "",
            numerics_digest(project.golden(), cell.config)};
}

Json compute_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts, const fs::path& folder,
                  const RunControl& wish) {
    const TrainConfig& config = cell.cell.config;
    const Graph graph = make_graph(config.model, *data.train);
    RunControl control = wish;
    control.checkpoint = checkpoint_in(folder, parts);
    control.label = cell.cell.cell.name();
    const TrainedNetwork network = train(config, graph, data, control);

    EvaluationOptions options;
    options.progress = control.progress;
    options.label = control.label + " on test images";
    const Deployment deployed = deploy(config, graph, network.weights, network.quantizer_state);
    const Evaluation eval = evaluate(deployed.classifier, *data.test, options);
    options.label = control.label + " on training images";
    const Evaluation train = evaluate(deployed.classifier, *data.train, options);

    write_weights(folder / "weights.safetensors", network.weights, describe_weights(config, data));
    if (deployed.integers) {
        Metadata metadata = describe_weights(config, data);
        metadata["key"] = parts.key();
        write_safetensors(folder / kIntegerNetwork, to_safetensors(*deployed.integers, metadata));
    }
    write_predictions(folder / "predictions.safetensors", eval);
    return {{"schema", kResultSchema},
            {"profile", cell.profile},
            {"cell", cell.cell.cell.name()},
            {"config", to_json(config)},
            {"seed", config.seed},
            {"data", describe(data)},
            {"key", parts.key()},
            {"key_parts", to_json(parts)},
            {"metrics",
             {{"eval", to_json(eval)},
              {"train", to_json(train)},
              {"generalization_gap", train.top1 - eval.top1}}},
            {"history", to_json(network.history)},
            {"weights_digest", digest_of(all_of(network))},
            {"predictions_digest", eval.predictions_digest()},
            {"cost", to_json(cost_of(graph, bits_of(config)))},
            {"executed_as", deployed.executed_as},
            {"provenance", provenance()}};
}

RunOutcome run_cell(const Project& project, const ProfileCell& cell, const RunOptions& options) {
    const std::string name = cell.cell.cell.name();
    const fs::path folder = project.run_folder(cell.profile, cell.cell.cell);
    const fs::path path = project.result(cell.profile, cell.cell.cell);
    const FileLock lock(folder / "lock",
                        [&] { fmt::print(stderr, "{}: waiting for another process\n", name); });
    try {
        const Data data = open_data(cell.cell.config.data);
        const KeyParts parts = key_parts_of(project, cell.cell, data);
        if (!options.force && is_fresh(path, parts)) {
            fs::remove(folder / "status.json");
            return RunOutcome::fresh;
        }
        remove_checkpoints(folder, options.force ? fs::path() : checkpoint_in(folder, parts));
        record(folder, "running", "");
        const Json result = compute_cell(cell, data, parts, folder, options.control);
        result_from(result, name);
        write_json(path, result);
        remove_checkpoints(folder);
        fs::remove(folder / "status.json");
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
    if (fs::exists(folder / "status.json")) {
        const Json record = read_json(folder / "status.json");
        const std::string status =
            Fields(record, (folder / "status.json").string()).require<std::string>("status");
        return status == "running" ? "crashed" : status;
    }
    if (!fs::exists(project.result(cell.profile, cell.cell.cell))) return "missing";
    return judge(project, cell).why.empty() ? "fresh" : "stale";
}

}  // namespace nibble
