// nibble quantize: from float weights to a quantized network in one file.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "datasets/catalog.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/lower.hpp"
#include "engine/infer/quantized_file.hpp"
#include "engine/quant/maxabs/post_training.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/commands/preprocess_options.hpp"
#include "experiments/pipeline/calibration.hpp"
#include "experiments/pipeline/data.hpp"
#include "experiments/pipeline/diagnosis.hpp"
#include "experiments/pipeline/files/network_file.hpp"
#include "experiments/runs/compute_cell.hpp"
#include "experiments/support/table.hpp"

namespace nibble {

namespace {
constexpr int kAsMethod = -1;  // as many images as the method asks for
constexpr int kFloatBits = 32;

struct QuantizeOptions {
    SharedOptions shared;
    PreprocessOptions preprocess;
    std::string model, weights, data = "cifar10", method = "maxabs", settings, out, weight_scheme;
    int wbits = 8, abits = 8, end_bits = 8, residual_bits = 8;
    int calibration = kAsMethod;
    std::uint64_t seed = 0;
    bool report = false;
};

void check_bits(const QuantizeOptions& o) {
    for (const auto& [flag, bits] : {std::pair{"--wbits", o.wbits},
                                     {"--abits", o.abits == kFloatBits ? 8 : o.abits},
                                     {"--end-bits", o.end_bits},
                                     {"--residual-bits", o.residual_bits}})
        if (bits < 2 || bits > 8)
            throw BadInput(flag, "bits", "2 to 8 (--abits 32: float)", std::to_string(bits));
}

std::unique_ptr<PostTrainingMethod> maxabs_of(const QuantizeOptions& o) {
    if (!o.settings.empty()) throw BadInput("--settings: maxabs has none; give --wbits, --abits, ...");
    check_bits(o);
    MaxAbs options{.activation_bits = o.abits, .residual_bits = o.residual_bits, .end_bits = o.end_bits};
    options.weights = {.bits = o.wbits, .range = o.wbits >= 4 ? Range::narrow : Range::full};
    if (!o.weight_scheme.empty()) options.weights = scheme_from(o.weight_scheme);
    if (options.weights.kind == Kind::sum || !options.weights.is_signed)
        throw BadInput("--weights-scheme", "scheme", "uniform or ternary, signed", o.weight_scheme);
    return maxabs_post_training(options);
}

/// Settings as the families write them, from the flags for bits.
std::string settings_of(const QuantizeOptions& o) {
    if (!o.settings.empty()) return o.settings;
    if (o.method == "fgq") throw BadInput("--method fgq: say how with --settings: g4a8, g64a4, ...");
    check_bits(o);
    const bool floats = o.abits == kFloatBits;
    const bool same_ends = o.end_bits == o.wbits && (floats || o.end_bits == o.abits);
    if (o.end_bits != 8 && !same_ends)
        throw BadInput("--end-bits", "bits for " + o.method, "8, or those of all other layers",
                       std::to_string(o.end_bits));
    const std::string ends = same_ends ? "" : "e8";
    if (floats) return fmt::format("w{}{}", o.wbits, ends);
    return fmt::format("w{}a{}{}-r{}", o.wbits, o.abits, ends, o.residual_bits);
}

/// Refused before anything takes time.
std::unique_ptr<PostTrainingMethod> method_of(const QuantizeOptions& o) {
    if (o.calibration < 1 && o.calibration != kAsMethod)
        throw BadInput(fmt::format("--calibration: {} images asked for; ask for at least 1", o.calibration));
    if (o.method == "maxabs") return maxabs_of(o);
    const auto families = post_training_families();
    if (std::find(families.begin(), families.end(), o.method) == families.end())
        throw BadInput("--method", "unknown method", fmt::format("maxabs, {}", fmt::join(families, ", ")),
                       "'" + o.method + "'");
    if (!o.weight_scheme.empty()) throw BadInput("--weights-scheme: only for --method maxabs");
    return post_training_method(o.method, settings_of(o));
}

std::size_t float_bytes(const Weights& weights) {
    std::size_t values = 0;
    for (const auto& [name, array] : weights) values += array.size();
    return 4 * values;
}

struct Written {
    std::string bits;
    Json layers;
    std::size_t weight_bytes;
};

/// As integers if the whole network runs as such; else codes beside floats.
Written write_network(const std::string& path, const PostTrained& network, const Metadata& metadata) {
    const auto& [graph, weights, node_of] = network.network;
    if (runs_as_integers(network)) {
        const IntegerGraph integers = lower(graph, weights, network.quantization);
        write_safetensors(path, to_safetensors(integers, metadata));
        return {bits_of(integers), layers_of(integers), weight_bytes(integers)};
    }
    write_safetensors(path, to_safetensors(network, metadata));
    std::size_t bytes = 0;
    for (const auto& [name, layer] : network.quantization.layers) bytes += layer.bytes();
    return {bits_of(network), layers_of(network), bytes};
}

int quantize_command(const QuantizeOptions& o) {
    o.shared.apply();
    require_weights(o.weights, o.model);
    check_writable(o.out);
    const auto method = method_of(o);
    const auto training = open_dataset(o.data, Split::train, {}, o.preprocess.of(o.weights, o.model).stated);
    const ImageShape& shape = training->shape();
    const OpenedNetwork original =
        open_floats(o.weights, {.model = o.model,
                                .classes = training->classes(),
                                .input = {shape.height, shape.width, shape.channels}});
    const std::string& source = o.weights.empty() ? o.model : o.weights;
    check_fit(original.graph, *training, source);
    if (original.quantization) throw BadInput(source + ": is quantized already; give float weights");
    const std::size_t count =
        o.calibration == kAsMethod ? method->calibration_images() : static_cast<std::size_t>(o.calibration);
    const auto ids = calibration_ids(*training, count, o.seed);
    const auto images = calibration_images(*training, ids, {});
    std::vector<float> augmented;
    if (method->wants_augmented_images())
        augmented = augmented_calibration_images(*training, ids, o.seed, {});
    const Diagnosed quantized = post_train(*method, original.graph, original.file.weights, images, augmented);
    Metadata metadata = to_metadata(training->normalization(), training->geometry());
    metadata["model"] = original.model;
    metadata["data"] = training->name();
    metadata["method"] = o.method == method->text() ? o.method : o.method + " " + method->text();
    metadata["calibration"] = fmt::format("{} images of {} (training split), seed {}", count, o.data, o.seed);
    const Written written = write_network(o.out, quantized.network, metadata);

    const auto bytes = std::filesystem::file_size(o.out);
    const std::size_t whole = float_bytes(original.file.weights);
    Json answer = {{"out", o.out},         {"model", original.model},  {"method", metadata["method"]},
                   {"bits", written.bits}, {"layers", written.layers}, {"weight_bytes", written.weight_bytes},
                   {"file_bytes", bytes},  {"float_bytes", whole}};
    std::string text = table_of(answer["layers"], {{"layer", false},
                                                   {"operation", false},
                                                   {"input", false},
                                                   {"weights", false},
                                                   {"residual", false},
                                                   {"output", false},
                                                   {"bytes", true}})
                           .markdown() +
                       fmt::format("\n{} {}: {} bytes of weights and scales, {} in the file, {} as floats\n",
                                   original.model, written.bits, written.weight_bytes, bytes, whole);
    if (o.report) {
        const auto list = sensitivities_of(quantized, images);
        answer["report"] = to_json(summary_of(quantized));
        answer["report"]["file_bytes"] = bytes;
        answer["report"]["sensitivity"] = to_json(list);
        text += "\n" + diagnosis_text(quantized, list);
    }
    if (o.shared.json)
        print_json(answer);
    else
        print_text(text);
    return 0;
}
}  // namespace

void add_quantize(CommandLine& line) {
    auto o = std::make_shared<QuantizeOptions>();
    Command command = line.command("quantize", "quantize trained float weights; one file, ready to run");
    command.option("--out", o->out, "the quantized network").required();
    command
        .option(
            "--weights", o->weights,
            "float weights: safetensors, or PyTorch's .pt, .pth, .th (default: those of --model NET.onnx)")
        .option("--model", o->model, "the network: a name or NET.onnx (default: what the weights state)")
        .option("--data", o->data, "whose training images calibrate: glyphs, cifar10, cifar100, mnist, ...")
        .option("--method", o->method, fmt::format("maxabs, {}", fmt::join(post_training_families(), ", ")))
        .option("--wbits", o->wbits, "bits of weights, 2 to 8, one scale per output channel")
        .option("--weights-scheme", o->weight_scheme, "maxabs, instead of --wbits: s4-pc, s8n-pt, t-g64, ...")
        .option("--abits", o->abits, "bits of activations, 2 to 8; 32: float, weights alone are quantized")
        .option("--end-bits", o->end_bits, "bits of the first and last layer, weights and activations")
        .option("--residual-bits", o->residual_bits, "bits of what is added")
        .option(
            "--settings", o->settings,
            "instead of the bits: everything that the method can be told, as its cells say it (w4a4e8-akl)")
        .option("--calibration", o->calibration, "number of training images (-1: as the method says)")
        .option("--seed", o->seed, "which ones")
        .flag("--report", o->report,
              "say how each layer came out, and what quantizing it alone does to the logits; worst first");
    o->preprocess.add(command);
    o->shared.add_machine(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble quantize --model resnet20 --weights resnet20.safetensors --wbits 8 --abits 8 --out "
            "r20-w8a8.safetensors\n"
            "  nibble quantize --weights mine.safetensors --method mmse --wbits 4 --abits 4 --report --out "
            "mine-4.safetensors\n"
            "  nibble quantize --model net.onnx --weights-scheme t-g4 --abits 8 --out net-t.safetensors\n"
            "  nibble eval --weights r20-w8a8.safetensors --data cifar10\n")
        .action([o] { return quantize_command(*o); });
}

}  // namespace nibble
