// nibble predict: classes of image files.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "datasets/images/decode.hpp"
#include "datasets/images/resample.hpp"
#include "datasets/loader.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/core/math.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/pipeline/network_file.hpp"

namespace nibble {

namespace {
struct PredictOptions {
    SharedOptions shared;
    std::string weights, model;
    int classes = 0;
    std::uint64_t top = 1;
    std::vector<std::string> images;
};

/// The image as the network takes it: the largest central square, resized.
std::vector<float> input_of(const std::string& path, const NetworkFile& file) {
    const Dims dims = file.classifier.input;
    const Image whole = decode_image_file(path);
    const Image square = centre_crop(whole, std::min(whole.height, whole.width));
    const Image image = resize_bilinear(square, dims.h, dims.w);
    if (image.channels != dims.c)
        throw BadInput(path, "channels", std::to_string(dims.c), std::to_string(image.channels));
    const auto tables = normalization_tables(*file.normalization, dims.c);
    std::vector<float> values;
    for (std::size_t p = 0; p < image.pixels.size(); ++p)
        values.push_back(tables[p % static_cast<std::size_t>(dims.c)][image.pixels[p]]);
    return values;
}

/// Classes by falling probability, the first `top`.
Json ranking(const std::vector<float>& logits, std::uint64_t top) {
    std::vector<std::size_t> order(logits.size());
    for (std::size_t c = 0; c < order.size(); ++c) order[c] = c;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
    double sum = 0;
    for (float z : logits) sum += exact_exp(static_cast<double>(z) - logits[order[0]]);
    Json classes = Json::array();
    for (std::size_t i = 0; i < std::min<std::size_t>(top, order.size()); ++i)
        classes.push_back(
            {{"class", order[i]},
             {"probability", exact_exp(static_cast<double>(logits[order[i]]) - logits[order[0]]) / sum}});
    return classes;
}

int predict_command(const PredictOptions& o) {
    o.shared.apply();
    NetworkFile file = open_network(o.weights, {.model = o.model, .numerics = "", .classes = o.classes});
    if (!file.normalization)
        throw BadInput((o.weights.empty() ? o.model : o.weights) +
                       ": does not say how images are normalised (normalize_mean, normalize_std)");
    Json list = Json::array();
    for (const std::string& path : o.images) {
        std::vector<float> logits(static_cast<std::size_t>(file.classifier.classes));
        file.classifier.logits(input_of(path, file), logits);
        if (!std::all_of(logits.begin(), logits.end(), [](float z) { return std::isfinite(z); }))
            throw Error(path + ": the network's logits are not finite; the weights are not usable");
        list.push_back({{"image", path}, {"classes", ranking(logits, std::max<std::uint64_t>(o.top, 1))}});
        if (o.shared.json) continue;
        std::string text = path + ":";
        for (const Json& c : list.back()["classes"])
            text += fmt::format("  class {} ({:.1f} %)", c["class"].get<int>(),
                                100 * c["probability"].get<double>());
        print_text(text + "\n");
    }
    if (o.shared.json) print_json({{"executed_as", file.executed_as}, {"images", list}});
    return 0;
}
}  // namespace

void add_predict(CommandLine& line) {
    auto o = std::make_shared<PredictOptions>();
    Command command = line.command("predict", "classes of image files");
    command.positional("IMAGE", o->images, "JPEG or PNG files").required();
    command
        .option("--weights", o->weights,
                "a quantized network, or float weights (default: those of --model NET.onnx)")
        .option("--model", o->model, "of float weights: a name or NET.onnx (default: what they state)")
        .option("--classes", o->classes,
                "of float weights (default: what the file states, else as usual for the model)")
        .option("--top", o->top, "how many classes to show");
    o->shared.add_machine(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble predict --weights r20-w8a8.safetensors cat.jpg dog.png --top 3\n"
            "The largest central square of an image is resized to what the network takes. Classes are "
            "numbers,\n"
            "from 0, in the order of the training data.")
        .action([o] { return predict_command(*o); });
}

}  // namespace nibble
