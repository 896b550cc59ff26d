// nibble export: a network as an ONNX file, for other programs.
#include "engine/onnx/export.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/pipeline/files/network_file.hpp"

namespace nibble {

namespace {
struct ExportOptions {
    SharedOptions shared;
    std::string model, weights, onnx;
    int classes = 0;
};

/// Writes the network; returns its model's name and what it is.
std::pair<std::string, std::string> write(const ExportOptions& o) {
    require_weights(o.weights, o.model);
    const NetworkWish wish{.model = o.model, .classes = o.classes};
    const bool is_tensors = !o.weights.empty() && !is_onnx(o.weights);
    Safetensors stored = is_tensors ? read_tensors(o.weights) : Safetensors{};
    Metadata metadata = stored.metadata;
    metadata.erase("graph");  // of a quantized network's file; ONNX has its own
    if (is_integer_network(stored)) {
        const NetworkFile file = open_integers(stored, o.weights, wish);
        write_onnx(o.onnx, *file.integers, metadata);
        return {file.model, bits_of(*file.integers)};
    }
    const OpenedNetwork network =
        is_tensors ? open_floats(std::move(stored), o.weights, wish) : open_floats(o.weights, wish);
    if (!is_tensors) metadata = network.file.metadata;
    write_onnx(o.onnx, network.graph, network.file.weights, metadata,
               network.quantization.value_or(Quantization{}));
    return {network.model, network.quantization ? "quantized network that runs in floats" : "float network"};
}

int export_command(const ExportOptions& o) {
    check_writable(o.onnx);
    const auto [model, what] = write(o);
    const auto bytes = std::filesystem::file_size(o.onnx);
    if (o.shared.json)
        print_json({{"onnx", o.onnx}, {"model", model}, {"what", what}, {"file_bytes", bytes}});
    else
        print_text(fmt::format("{} ({}): {} bytes, {}\n", model.empty() ? "network" : one_line(model), what,
                               bytes, o.onnx));
    return 0;
}
}  // namespace

void add_export(CommandLine& line) {
    auto o = std::make_shared<ExportOptions>();
    Command command = line.command("export", "a network as an ONNX file, for other programs");
    command.option("--onnx", o->onnx, "the file to write").required();
    command.option("--weights", o->weights, "a quantized network, or float weights")
        .option("--model", o->model, "of float weights: a name or NET.onnx (default: what they state)")
        .option("--classes", o->classes, "of float weights (default: what they state, else as usual)");
    o->shared.add_json(command);
    command
        .examples(
            "  nibble export --weights r20-w4a8.safetensors --onnx r20-w4a8.onnx\n"
            "  nibble export --model resnet20 --weights resnet20.safetensors --onnx resnet20.onnx\n"
            "Quantized networks become QDQ (QuantizeLinear, DequantizeLinear, int8 tensors, opset 13), which "
            "ONNX\n"
            "Runtime and others run as integers; codes of 4 and 2 bits lie in bytes. Input: [n, channels, "
            "rows,\n"
            "columns], normalised as metadata_props says, where the file that was exported says it.")
        .action([o] { return export_command(*o); });
}

}  // namespace nibble
