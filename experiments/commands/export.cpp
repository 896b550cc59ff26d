// nibble export: a network as an ONNX file, for other programs.
#include "engine/onnx/export.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/core/error.hpp"
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

/// Whether `path` holds a quantized network; an ONNX file is read and written as it is.
bool holds_integers(const std::string& path) {
    return !path.empty() && !is_onnx(path) && is_integer_network(read_safetensors(path));
}

int export_command(const ExportOptions& o) {
    check_writable(o.onnx);
    std::string model, what = "float network";
    if (holds_integers(o.weights)) {
        const NetworkFile file = open_network(o.weights, {.model = o.model});
        model = file.model;
        what = bits_of(*file.integers);
        Metadata metadata = file.metadata;
        metadata.erase("graph");
        write_onnx(o.onnx, *file.integers, metadata);
    } else {
        const OpenedNetwork network = open_floats(o.weights, {.model = o.model, .classes = o.classes});
        model = network.model;
        Metadata metadata = network.file.metadata;
        metadata.erase("graph");  // of a quantized network's file: the file has one of its own
        if (network.quantization) what = "quantized network that runs in floats";
        write_onnx(o.onnx, network.graph, network.file.weights, network.quantization.value_or(Quantization{}),
                   metadata);
    }
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
            "columns], normalised as metadata_props says.")
        .action([o] { return export_command(*o); });
}

}  // namespace nibble
