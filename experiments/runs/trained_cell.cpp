// Cells that train.
#include <fmt/format.h>

#include "engine/infer/file.hpp"
#include "engine/io/safetensors.hpp"
#include "experiments/pipeline/deployment.hpp"
#include "experiments/runs/compute_cell.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

/// Everything that training made.
Weights all_of(const TrainedNetwork& network) {
    Weights all = network.weights;
    all.insert(network.quantizer_state.begin(), network.quantizer_state.end());
    return all;
}

/// A cell owns its checkpoint: one that is damaged goes.
TrainedNetwork train_or_start_again(const TrainConfig& config, const Graph& graph, const Data& data,
                                    const RunControl& control, const WeightsFile* start) {
    try {
        return train(config, graph, data, control, start);
    } catch (const CheckpointRefused& e) {
        fmt::print(stderr, "{}: {}; starts again\n", control.label, e.why());
        fs::remove(control.checkpoint);
    }
    return train(config, graph, data, control, start);
}

}  // namespace

Result train_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts,
                  const std::optional<Parent>& parent, const fs::path& folder, const RunControl& wish) {
    const auto& config = std::get<TrainConfig>(cell.cell.config);
    const Graph graph = make_graph(config.model, *data.train);
    RunControl control = wish;
    control.checkpoint = checkpoint_in(folder, parts);
    control.label = cell.cell.cell.name();
    if (parent) check(parent->file, graph, "parent " + parent->source);
    const TrainedNetwork network =
        train_or_start_again(config, graph, data, control, parent ? &parent->file : nullptr);

    EvaluationOptions options;
    options.normalization = network.normalization;
    options.progress = control.progress;
    options.label = control.label + " on test images";
    const Deployment deployed = deploy(config, graph, network.weights, network.quantizer_state);
    const Evaluation eval = evaluate(deployed.classifier, *data.test, options);
    options.label = control.label + " on training images";
    const Evaluation train = evaluate(deployed.classifier, *data.train, options);

    write_weights(folder / kFloatWeights, network.weights, metadata_of(config, data, network));
    if (deployed.integers) {
        Metadata metadata = metadata_of(config, data, network);
        metadata["key"] = parts.key();
        write_safetensors(folder / kIntegerNetwork, to_safetensors(*deployed.integers, metadata));
    }
    write_predictions(folder / "predictions.safetensors", eval);
    Result result;
    result.eval = eval;
    result.train = train;
    result.history = network.history;
    if (parent) result.parent = {parent->source, parent->digest};
    result.weights_digest = digest_of(all_of(network));
    result.predictions_digest = eval.predictions_digest();
    result.correct = eval.correct;
    result.input_digest = eval.input_digest;
    result.cost = summary_of(cost_of(graph, bits_of(config)));
    result.executed_as = deployed.executed_as;
    return result;
}

}  // namespace nibble
