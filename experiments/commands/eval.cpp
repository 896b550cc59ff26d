// nibble eval: accuracy of a weight file on the test images.
#include <fmt/format.h>

#include "datasets/catalog.hpp"
#include "datasets/subset.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/io/safetensors.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/commands/preprocess_options.hpp"
#include "experiments/pipeline/data.hpp"
#include "experiments/pipeline/evaluation.hpp"
#include "experiments/pipeline/files/network_file.hpp"
#include "experiments/runs/result.hpp"
#include "experiments/support/interrupt.hpp"

namespace nibble {

namespace {
struct EvalOptions {
    SharedOptions shared;
    PreprocessOptions preprocess;
    std::string model, weights, data = "cifar10", split = "test", numerics, logits;
    std::uint64_t limit = 0;
};

void write_logits(const std::string& path, const Evaluation& result, std::size_t classes) {
    StoredTensor tensor{"F32", {result.images, classes}, {}};
    const auto bytes = std::as_bytes(std::span(result.logits));
    tensor.bytes.assign(bytes.begin(), bytes.end());
    write_safetensors(path, {{{"logits", tensor}}, {}});
}

int eval_command(const EvalOptions& o) {
    o.shared.apply();
    require_weights(o.weights, o.model);
    if (!o.logits.empty()) check_writable(o.logits);
    if (o.split != "test" && o.split != "train")
        throw BadInput("--split", "unknown split", "test or train", "'" + o.split + "'");
    watch_for_interrupts();

    const NetworkPreprocessing preprocessing = o.preprocess.of(o.weights, o.model);
    const auto whole =
        open_dataset(o.data, o.split == "test" ? Split::test : Split::train, {}, preprocessing.stated);
    const Subset images(*whole, o.limit ? o.limit : whole->size());
    const ImageShape& shape = images.shape();
    const NetworkFile file = open_network(
        o.weights, {o.model, o.numerics, images.classes(), {shape.height, shape.width, shape.channels}});
    EvaluationOptions options;
    options.keep_logits = !o.logits.empty();
    options.progress = o.shared.progress_mode();
    const Evaluation result = evaluate(file.classifier, images, options);
    if (!o.logits.empty()) write_logits(o.logits, result, static_cast<std::size_t>(file.classifier.classes));

    Json answer = to_json(result);
    answer["model"] = file.model;
    answer["data"] = o.data;
    answer["split"] = o.split;
    answer["weights_digest"] = file.weights_digest;
    answer["predictions_digest"] = result.predictions_digest();
    answer["executed_as"] = file.executed_as;
    answer["normalization"] = to_json(images.normalization());
    answer["normalization"]["from"] = preprocessing.normalization_from;
    if (images.geometry()) answer["geometry"] = to_json(*images.geometry());
    answer["input_digest"] = result.input_digest;
    if (file.integers) answer["layers"] = layers_of(*file.integers);
    if (o.shared.json)
        print_json(answer);
    else
        print_text(fmt::format(
            "{} on {} ({} images, {}, normalization from {}): top-1 {:.2f} %, top-5 {:.2f} %, "
            "loss {:.4f}\n",
            file.model.empty() ? "network" : one_line(file.model), o.data, result.images, file.executed_as,
            preprocessing.normalization_from, result.top1, result.top5, result.loss));
    return 0;
}
}  // namespace

void add_eval(CommandLine& line) {
    auto o = std::make_shared<EvalOptions>();
    Command command = line.command("eval", "accuracy of a network, float or quantized");
    command
        .option("--weights", o->weights,
                "float weights (safetensors, or PyTorch's .pt, .pth, .th) or a quantized network (default: "
                "those of --model NET.onnx)")
        .option("--model", o->model, "the network: a name or NET.onnx (default: what the weights state)")
        .option("--data", o->data,
                "glyphs, cifar10, cifar100, mnist, imagenet, imagenet-subset, image_folder:PATH, "
                "image_list:FOLDER")
        .option("--split", o->split, "test or train, never augmented")
        .option("--numerics", o->numerics, "f32 or bf16 (default: what the file states, else f32)")
        .option("--limit", o->limit, "only the first images; 0: all")
        .option("--logits", o->logits, "also write the logits, F32 [images][classes], as safetensors");
    o->preprocess.add(command);
    o->shared.add_machine(command);
    o->shared.add_progress(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble eval --model resnet20 --weights resnet20.safetensors --data cifar10 --json\n"
            "  nibble eval --weights mine.safetensors --data glyphs --limit 100 --logits logits.safetensors\n"
            "Images are prepared as these options say, else --preprocess FILE, else NET.preprocess.json "
            "beside "
            "the\n"
            "network's file, else its metadata (preprocessing, normalize_mean, normalize_std), else as is "
            "customary\n"
            "for the data set; the answer tells which. input_digest is the SHA-256 over the floats fed of "
            "the "
            "first\n"
            "image. predictions_digest is the SHA-256 over the predicted\n"
            "classes, four little-endian bytes an image in the order of the data set.")
        .action([o] { return eval_command(*o); });
}

}  // namespace nibble
