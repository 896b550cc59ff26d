// nibble quantize, nibble export: from float weights to a quantized network in one file.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/catalog.hpp"
#include "engine/quant/maxabs.hpp"
#include "experiments/harness/calibration.hpp"
#include "experiments/harness/cli.hpp"
#include "experiments/harness/data.hpp"
#include "experiments/harness/network_file.hpp"
#include "experiments/harness/table.hpp"

namespace nibble {

namespace {
struct QuantizeOptions {
    SharedOptions shared;
    std::string model, weights, data = "cifar10", method = "maxabs", out, weight_scheme;
    int wbits = 8, abits = 8, end_bits = 8, residual_bits = 8;
    std::uint64_t calibration = 512, seed = 0;
};

/// Refused before anything takes time.
MaxAbs checked_options(const QuantizeOptions& o) {
    if (o.method != "maxabs") throw BadInput("--method", "unknown method", "maxabs", "'" + o.method + "'");
    if (o.calibration == 0) throw BadInput("--calibration: 0 images asked for; ask for at least 1");
    for (const auto& [flag, bits] : {std::pair{"--wbits", o.wbits},
                                     {"--abits", o.abits},
                                     {"--end-bits", o.end_bits},
                                     {"--residual-bits", o.residual_bits}})
        if (bits < 2 || bits > 8) throw BadInput(flag, "bits", "2 to 8", std::to_string(bits));
    MaxAbs options{.activation_bits = o.abits, .residual_bits = o.residual_bits, .end_bits = o.end_bits};
    options.weights = {.bits = o.wbits, .range = o.wbits >= 4 ? Range::narrow : Range::full};
    if (!o.weight_scheme.empty()) options.weights = scheme_from(o.weight_scheme);
    if (options.weights.kind == Kind::sum || !options.weights.is_signed)
        throw BadInput("--weights-scheme", "scheme", "uniform or ternary, signed", o.weight_scheme);
    return options;
}

/// The layers as a table.
Table layer_table(const Json& layers) {
    Table table{{{"layer", false},
                 {"operation", false},
                 {"input", false},
                 {"weights", false},
                 {"residual", false},
                 {"output", false},
                 {"bytes"}},
                {}};
    for (const Json& layer : layers) {
        auto& row = table.rows.emplace_back();
        for (const char* key : {"layer", "operation", "input", "weights", "residual", "output", "bytes"}) {
            const Json& value = layer.at(key);
            row.push_back(value.is_null()     ? kMissing
                          : value.is_string() ? value.get<std::string>()
                                              : value.dump());
        }
    }
    return table;
}

std::size_t float_bytes(const Weights& weights) {
    std::size_t values = 0;
    for (const auto& [name, array] : weights) values += array.size();
    return 4 * values;
}

int quantize_command(const QuantizeOptions& o) {
    o.shared.apply();
    check_writable(o.out);
    const MaxAbs options = checked_options(o);
    Safetensors stored = read_safetensors(o.weights);
    if (is_integer_network(stored)) throw BadInput(o.weights + ": is quantized already; give float weights");
    const WeightsFile file = weights_from(std::move(stored), o.weights);
    const auto stated = file.metadata.find("model");
    const std::string model = !o.model.empty()                ? o.model
                              : stated != file.metadata.end() ? stated->second
                                                              : "";
    if (model.empty()) throw BadInput(o.weights + ": does not say which network it is for; give --model");
    const auto images = open_dataset(o.data, Split::train);
    const ImageShape& shape = images->shape();
    const Graph graph = make_model(model, images->classes(), {shape.height, shape.width, shape.channels});
    check(file, graph, o.weights);

    const auto normalization = file.normalization(o.weights);
    const FoldedNetwork folded = fold_batch_norm(graph, file.weights);
    std::vector<ValueRange> ranges;
    observe_ranges(folded.graph, folded.weights,
                   calibration_images(*images, o.calibration, o.seed, normalization), ranges);
    const IntegerGraph quantized = lower(folded.graph, folded.weights, maxabs(folded, ranges, options));

    Metadata metadata = to_metadata(normalization.value_or(images->normalization()));
    metadata["model"] = model;
    metadata["method"] = o.method;
    metadata["calibration"] =
        fmt::format("{} images of {} (training split), seed {}",
                    std::min<std::uint64_t>(o.calibration, images->size()), o.data, o.seed);
    write_safetensors(o.out, to_safetensors(quantized, metadata));

    const auto bytes = std::filesystem::file_size(o.out);
    if (o.shared.json)
        print_json({{"out", o.out},
                    {"model", model},
                    {"bits", bits_of(quantized)},
                    {"layers", layers_of(quantized)},
                    {"weight_bytes", weight_bytes(quantized)},
                    {"file_bytes", bytes},
                    {"float_bytes", float_bytes(file.weights)}});
    else
        print_text(layer_table(layers_of(quantized)).markdown() +
                   fmt::format("\n{} {}: {} bytes of weights and scales, {} in the file, {} as floats\n",
                               model, bits_of(quantized), weight_bytes(quantized), bytes,
                               float_bytes(file.weights)));
    return 0;
}

/// Quantizing writes what `export` promises, a network ready to run in one file, so both names do the same.
void add(CommandLine& line, const std::string& name) {
    auto o = std::make_shared<QuantizeOptions>();
    Command command = line.command(name, "quantize trained float weights; one file, ready to run");
    command.option("--weights", o->weights, "safetensors file of float weights").required();
    command.option("--out", o->out, "the quantized network").required();
    command.option("--model", o->model, "the network (default: what the file states)")
        .option("--data", o->data, "whose training images calibrate: glyphs, cifar10, cifar100, mnist, ...")
        .option("--method", o->method, "maxabs")
        .option("--wbits", o->wbits, "bits of weights, 2 to 8, one scale per output channel")
        .option("--weights-scheme", o->weight_scheme, "instead of --wbits: s4-pc, s8n-pt, t-g64, ...")
        .option("--abits", o->abits, "bits of activations, 2 to 8")
        .option("--end-bits", o->end_bits, "bits of the first and last layer, weights and activations")
        .option("--residual-bits", o->residual_bits, "bits of what is added")
        .option("--calibration", o->calibration, "number of training images")
        .option("--seed", o->seed, "which ones");
    o->shared.add_machine(command);
    o->shared.add_json(command);
    command
        .examples("  nibble " + name +
                  " --model resnet20 --weights resnet20.safetensors --wbits 8 --abits 8 --out "
                  "r20-w8a8.safetensors\n"
                  "  nibble " +
                  name +
                  " --weights mine.safetensors --weights-scheme t-g4 --abits 8 --out mine-t.safetensors\n"
                  "  nibble eval --weights r20-w8a8.safetensors --data cifar10\n")
        .action([o] { return quantize_command(*o); });
}
}  // namespace

void add_quantize(CommandLine& line) {
    for (const char* name : {"quantize", "export"}) add(line, name);
}

}  // namespace nibble
