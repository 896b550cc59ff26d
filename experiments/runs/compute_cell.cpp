#include "experiments/runs/compute_cell.hpp"

#include "engine/io/safetensors.hpp"
#include "experiments/pipeline/provenance.hpp"

namespace nibble {

namespace fs = std::filesystem;

Result compute_cell(const ProfileCell& cell, const Data& data, const KeyParts& parts,
                    const std::optional<Parent>& parent, const fs::path& folder, const RunControl& control) {
    Result result = std::holds_alternative<TrainConfig>(cell.cell.config)
                        ? train_cell(cell, data, parts, parent, folder, control)
                        : quantize_cell(cell, data, parts, parent.value(), folder, control);
    result.profile = cell.profile;
    result.cell = cell.cell.cell.name();
    result.config = to_json(cell.cell.config);
    result.seed = cell.cell.cell.seed;
    result.data = describe(data);
    result.parts = parts;
    result.provenance = provenance();
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

Result::Cost summary_of(const NetworkCost& cost) {
    const Cost& total = cost.total;
    Result::Cost summary{total.multiplications, total.linear, total.quadratic, bytes_of(total.weight_memory),
                         bytes_of(total.activation_memory)};
    for (const LayerCost& l : cost.layers)
        summary.layers.push_back({l.name, to_string(l.bits), l.cost.multiplications, l.cost.weights,
                                  l.bits.weights, l.bits.activations, l.extra_channels});
    return summary;
}

Result::Quantization summary_of(const Diagnosed& quantized) {
    const PostTrained& network = quantized.network;
    Result::Quantization summary;
    summary.bits_per_weight = bits_per_weight(quantized.layers, network.network.graph);
    summary.product_overhead = product_overhead(network);
    summary.facts = network.facts;
    summary.curves = network.curves;
    for (const LayerDiagnosis& d : quantized.layers) {
        Result::Quantization::Layer& layer = summary.layers.emplace_back();
        layer.name = d.name;
        if (d.weights) layer.weights = to_string(*d.weights);
        layer.weight_error = d.weight_error;
        layer.bits_per_weight = d.bits_per_weight;
        layer.output_channels = d.channels;
        layer.dual_channels = d.extra_channels;
        if (d.input) layer.input = to_string(d.input->scheme);
        if (d.input && !d.input->by_channel()) layer.input_step = d.input->step;
        layer.input_error = d.input_error;
    }
    return summary;
}

}  // namespace nibble
