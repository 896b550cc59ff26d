// Cells that quantize a trained network.
#include "engine/core/error.hpp"
#include "engine/infer/file.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "experiments/pipeline/calibration.hpp"
#include "experiments/pipeline/deployment.hpp"
#include "experiments/pipeline/files/network_file.hpp"
#include "experiments/runs/compute_cell.hpp"

namespace nibble {

namespace fs = std::filesystem;

namespace {

/// Of weights that stay float on one side: their values, and the quantizers of activations.
std::string digest_of_floats(const PostTrained& network) {
    Digest digest;
    digest.add(digest_of(rounded_weights(network)));
    for (const auto& [edge, quantizer] : network.quantization.edges)
        digest.add(to_string(quantizer.scheme)).add(std::span<const float>(&quantizer.multiplier, 1));
    return digest.hex();
}

}  // namespace

Result quantize_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts, const Parent& parent,
                     const fs::path& folder, const RunControl& control) {
    const auto& config = std::get<PostTrainingConfig>(cell.cell.config);
    const Graph graph = parent.graph ? *parent.graph : make_graph(config.model, *data.train);
    check_fit(graph, *data.train, config.model);
    const std::string source = "parent " + parent.source;
    WeightsFile floats = parent.file;
    fit(floats, graph, source);
    const auto normalization =
        config.preprocessing.states_normalization() ? std::nullopt : floats.normalization(source);
    const auto method = post_training_method(config.family, config.method);
    const auto ids = calibration_ids(*data.train, config.calibration_images(*method), config.seed);
    std::vector<float> augmented;
    if (method->wants_augmented_images())
        augmented = augmented_calibration_images(*data.train, ids, config.seed, normalization);
    const Diagnosed quantized = post_train(*method, graph, floats.weights,
                                           calibration_images(*data.train, ids, normalization), augmented);

    const Deployment deployed = deploy(quantized.network, config.method);
    EvaluationOptions options;
    options.normalization = normalization;
    options.progress = control.progress;
    options.label = cell.cell.cell.name();
    const Evaluation eval = evaluate(deployed.classifier, *data.test, options);
    write_predictions(folder / "predictions.safetensors", eval);

    Result result;
    result.quantization = summary_of(quantized);
    if (deployed.integers) {
        Metadata metadata =
            to_metadata(normalization.value_or(data.train->normalization()), data.train->geometry());
        metadata["model"] = config.model;
        metadata["method"] = config.family + " " + config.method;
        metadata["key"] = parts.key();
        const Safetensors file = to_safetensors(*deployed.integers, metadata);
        write_safetensors(folder / kIntegerNetwork, file);
        result.quantization->file_bytes = bytes_of(file).size();
        result.weights_digest = weights_digest_of(file);
    } else {
        result.weights_digest = digest_of_floats(quantized.network);
    }
    if (!ids.empty())
        result.quantization->calibration = {"train", ids.size(),
                                            Digest().add(std::span<const std::uint32_t>(ids)).hex()};
    result.eval = eval;
    result.parent = {parent.source, parent.digest};
    result.predictions_digest = eval.predictions_digest();
    result.correct = eval.correct;
    result.input_digest = eval.input_digest;
    result.cost = summary_of(cost_of(quantized.network.network.graph, quantized.network.quantization, 32));
    result.executed_as = deployed.executed_as;
    return result;
}

}  // namespace nibble
