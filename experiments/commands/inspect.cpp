// nibble inspect: what a file of a network holds.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/quantized_file.hpp"
#include "engine/nn/ops/op.hpp"
#include "engine/onnx/network.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/pipeline/files/network_file.hpp"
#include "experiments/support/drawing.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

namespace {
struct InspectOptions {
    SharedOptions shared;
    std::string model, svg;
    std::vector<std::string> files;
};

/// A node of a drawing, and the nodes that it reads.
struct Box {
    std::string text;
    std::vector<int> inputs;
};

/// What is known of a file.
struct Contents {
    Json json;
    std::vector<Box> boxes;
};

std::string window_text(const Node& node) {
    if (node.op == Op::clamp && node.clamp == kRelu) return " (ReLU)";
    if (node.op != Op::conv && node.op != Op::max_pool && node.op != Op::avg_pool) return "";
    const auto& [rows, cols] = node.window;
    return fmt::format(" {}x{}{}", rows.kernel, cols.kernel,
                       rows.stride > 1 ? fmt::format("/{}", rows.stride) : "");
}

std::size_t parameters_of(const Graph& graph, const Node& node) {
    std::size_t values = 0;
    if (const auto list = operation(node.op).parameters)
        for (const Parameter& parameter : list(node, graph[node.inputs[0]].out))
            values += count(parameter.shape);
    return values;
}

std::size_t macs_of(const Graph& graph, const Node& node) {
    if (!is_weighted(node)) return 0;
    return static_cast<std::size_t>(node.out.h) * static_cast<std::size_t>(node.out.w) *
           count(graph.weight_shape(node));
}

/// Runs on reals, not on codes, where the network is quantized: gates, means of gates, normalizations.
bool stays_float(const Node& node) {
    const Operation& known = operation(node.op);
    return known.on_codes == OnCodes::reals && !known.elementwise;
}

Contents contents_of(const Graph& graph) {
    Contents contents;
    Json layers = Json::array(), floats = Json::array();
    std::map<std::string, int> operations;
    std::size_t parameters = 0;
    for (const Node& node : graph.nodes()) {
        const std::string name = operation(node.op).name + window_text(node);
        const std::size_t own = parameters_of(graph, node);
        ++operations[operation(node.op).name];
        parameters += own;
        layers.push_back({{"name", node.name},
                          {"operation", name},
                          {"inputs", node.inputs},
                          {"output", {node.out.h, node.out.w, node.out.c}},
                          {"parameters", own},
                          {"macs", macs_of(graph, node)}});
        if (stays_float(node)) floats.push_back(node_name(node));
        contents.boxes.push_back(
            {(node.name.empty() ? "" : node.name + "\n") + name + "\n" + to_string(node.out), node.inputs});
    }
    const Dims input = graph.input_dims();
    contents.json = {{"input", {input.h, input.w, input.c}},
                     {"classes", graph.classes()},
                     {"operations", operations},
                     {"parameters", parameters},
                     {"float_bytes", 4 * parameters},
                     {"macs", graph.macs()},
                     {"nodes", layers},
                     {"floats_when_quantized", floats}};
    return contents;
}

Contents contents_of(const IntegerGraph& graph) {
    Contents contents;
    std::map<std::string, int> operations;
    std::vector<int> maker(graph.values.size(), 0);  // boxes by the value that they make
    contents.boxes.push_back({"input\n" + to_string(graph.input_dims()), {}});
    for (const IntegerStep& step : graph.steps) {
        ++operations[operation_name(step)];
        std::vector<int> inputs;
        for (const int i : step.inputs) inputs.push_back(maker[static_cast<std::size_t>(i)]);
        if (step.residual >= 0) inputs.push_back(maker[static_cast<std::size_t>(step.residual)]);
        std::string outputs;
        for (const int i : step.outputs) {
            const IntegerValue& value = graph.values[static_cast<std::size_t>(i)];
            outputs += (outputs.empty() ? "" : " + ") + storage_name(value);
            maker[static_cast<std::size_t>(i)] = static_cast<int>(contents.boxes.size());
        }
        const std::string weights =
            step.kind == IntegerStep::Kind::gemm ? " " + to_string(step.weights.scheme) : "";
        contents.boxes.push_back({(step.node.name.empty() ? "" : step.node.name + "\n") +
                                      operation_name(step) + weights + "\n" + outputs,
                                  inputs});
    }
    const Dims input = graph.input_dims();
    contents.json = {{"input", {input.h, input.w, input.c}},
                     {"classes", graph.classes()},
                     {"bits", bits_of(graph)},
                     {"operations", operations},
                     {"weight_bytes", weight_bytes(graph)},
                     {"layers", layers_of(graph)}};
    return contents;
}

Contents contents_of(const OpenedNetwork& network) {
    Contents contents = contents_of(network.graph);
    if (!network.quantization) return contents;
    const PostTrained quantized{{network.graph, network.file.weights, {}}, *network.quantization};
    contents.json["bits"] = bits_of(quantized);
    contents.json["layers"] = layers_of(quantized);
    return contents;
}

Json metadata_of(std::map<std::string, std::string> metadata) {
    metadata.erase("graph");
    return metadata;
}

/// An ONNX file, read or not: what read_onnx() does not know is listed whole.
Contents onnx_contents(const std::string& path) {
    const OnnxOperations found = operations_in(path);
    Contents contents;
    if (found.unknown.empty()) {
        const OpenedNetwork network = open_floats(path, {});
        contents = contents_of(network);
        contents.json["metadata"] = metadata_of(network.file.metadata);
    }
    contents.json["format"] = fmt::format("ONNX, opset {}", found.opset);
    contents.json["unsupported"] = found.unknown;
    return contents;
}

Contents tensors_contents(const Safetensors& file) {
    Json tensors = Json::array();
    std::size_t bytes = 0;
    for (const auto& [name, tensor] : file.tensors) {
        tensors.push_back({{"name", name}, {"type", tensor.dtype}, {"shape", tensor.shape}});
        bytes += tensor.bytes.size();
    }
    return {{{"tensors", tensors}, {"bytes", bytes}}, {}};
}

Contents inspect(const std::string& path, const std::string& model) {
    if (is_onnx(path)) return onnx_contents(path);
    Safetensors file = read_tensors(path);
    const Json metadata = metadata_of(file.metadata);
    Contents contents;
    if (is_integer_network(file)) {
        contents = contents_of(*open_integers(file, path, {}).integers);
        contents.json["format"] = "quantized network, executed as integers";
    } else if (is_quantized_network(file)) {
        contents = contents_of(open_floats(std::move(file), path, {}));
        contents.json["format"] = "quantized network, executed in floats";
    } else if (model.empty() && !file.metadata.contains("model")) {
        contents = tensors_contents(file);
        contents.json["format"] = "weights of a network that the file does not name (--model)";
    } else {
        contents = contents_of(open_floats(std::move(file), path, {.model = model}));
        contents.json["format"] = "float weights";
    }
    contents.json["metadata"] = metadata;
    return contents;
}

std::string text_of(const std::string& path, const Json& json) {
    std::string text = fmt::format("{}: {}\n", path, json.at("format").get<std::string>());
    for (const char* key :
         {"input", "classes", "bits", "parameters", "float_bytes", "weight_bytes", "bytes", "macs"})
        if (json.contains(key)) text += fmt::format("  {}: {}\n", key, text_of_json(json[key]));
    for (const char* key : {"operations", "metadata", "unsupported", "floats_when_quantized"})
        if (json.contains(key) && !json[key].empty())
            text += fmt::format("  {}: {}\n", key, one_line(json[key].dump()));
    if (json.contains("layers"))
        text += "\n" + table_of(json["layers"], {{"layer", false},
                                                 {"operation", false},
                                                 {"input", false},
                                                 {"weights", false},
                                                 {"output", false},
                                                 {"bytes", true}})
                           .markdown();
    else if (json.contains("nodes"))
        text += "\n" + table_of(json["nodes"], {{"name", false},
                                                {"operation", false},
                                                {"output", false},
                                                {"parameters", true},
                                                {"macs", true}})
                           .markdown();
    else if (json.contains("tensors"))
        text +=
            "\n" + table_of(json["tensors"], {{"name", false}, {"type", false}, {"shape", false}}).markdown();
    return text;
}

/// In Graphviz's language, between double quotes.
std::string label_of(const std::string& text) {
    std::string label;
    for (const char c : text) {
        if (c == '"' || c == '\\') label += '\\';
        if (c == '\n')
            label += "\\n";
        else
            label += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return label;
}

std::string drawing_of(const std::vector<Box>& boxes) {
    std::string script =
        "digraph network {\nnode [shape=box, style=rounded, fontname=\"Liberation Sans\", fontsize=10]\n";
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        script += fmt::format("n{} [label=\"{}\"]\n", i, label_of(boxes[i].text));
        for (const int input : boxes[i].inputs) script += fmt::format("n{} -> n{}\n", input, i);
    }
    return drawn_by("dot -Tsvg", "graphviz", script + "}\n", "</svg>");
}

int inspect_command(const InspectOptions& o) {
    if (o.files.size() != 1 && !o.svg.empty()) throw BadInput("--svg: draws one file");
    Json list = Json::array();
    for (const std::string& path : o.files) {
        Contents contents = inspect(path, o.model);
        contents.json["file"] = path;
        if (!o.svg.empty()) {
            if (contents.boxes.empty()) throw BadInput(path + ": names no network to draw; give --model");
            write_file(o.svg, drawing_of(contents.boxes));
        }
        if (!o.shared.json) print_text(text_of(path, contents.json));
        list.push_back(std::move(contents.json));
    }
    if (o.shared.json) print_json({{"files", list}});
    return 0;
}
}  // namespace

void add_inspect(CommandLine& line) {
    auto o = std::make_shared<InspectOptions>();
    Command command = line.command("inspect", "what files of networks hold: operations, shapes, bits, sizes");
    command.positional("FILE", o->files, "ONNX files, quantized networks, float weights, PyTorch checkpoints")
        .required();
    command.option("--model", o->model, "of float weights that do not name their network")
        .option("--svg", o->svg, "also draw the network (by Graphviz)");
    o->shared.add_json(command);
    command
        .examples(
            "  nibble inspect net.onnx\n"
            "  nibble inspect resnet20.th --model resnet20 --svg resnet20.svg\n"
            "  nibble inspect q.safetensors --json\n"
            "floats_when_quantized: operations that a network of integers computes in floats. unsupported: "
            "those of\n"
            "an ONNX file that Nibble does not read.")
        .action([o] { return inspect_command(*o); });
}

}  // namespace nibble
