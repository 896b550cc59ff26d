// nibble predict: classes of image files.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "datasets/catalog.hpp"
#include "datasets/images/decode.hpp"
#include "datasets/images/resample.hpp"
#include "engine/core/error.hpp"
#include "engine/core/file.hpp"
#include "engine/core/json.hpp"
#include "engine/core/math.hpp"
#include "experiments/commands/commands.hpp"
#include "experiments/commands/preprocess_options.hpp"
#include "experiments/pipeline/files/network_file.hpp"

namespace nibble {

namespace {
struct PredictOptions {
    SharedOptions shared;
    PreprocessOptions preprocess;
    std::string weights, model, names;
    int classes = 0;
    std::uint64_t top = 1;
    std::vector<std::string> images;
};

/// Shrunk or cropped as stated, else the largest central square, resized to what the network takes.
Image prepared(const Image& whole, const Dims& dims, const StatedPreprocessing& stated,
               const std::string& path) {
    if (stated.states_geometry()) return apply(stated.geometry(imagenet_geometry()), whole, path);
    const Image square = centre_crop(whole, std::min(whole.height, whole.width));
    return resize(square, dims.h, dims.w);
}

std::vector<float> input_of(const std::string& path, const Dims& dims, const StatedPreprocessing& stated) {
    const Image image = prepared(decode_image_file(path), dims, stated, path);
    const ImageShape wanted{dims.h, dims.w, dims.c};
    if (image.shape() != wanted)
        throw BadInput(path, "input of the network", to_string(wanted), to_string(image.shape()));
    std::vector<float> values(image.pixels.size());
    Normalizer(stated.normalization({}), dims.c)(image.pixels, values.data());
    return values;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(one_line(line));
    return lines;
}

/// From --names, else what the file says: class_names, one a line, or the data set it was made with. May be empty.
std::vector<std::string> class_names(const PredictOptions& o, const NetworkFile& file) {
    const auto stated = [&](const char* key) {
        const auto found = file.metadata.find(key);
        return found == file.metadata.end() ? std::string() : found->second;
    };
    std::vector<std::string> names = lines_of(o.names.empty() ? stated("class_names") : read_file(o.names));
    if (names.empty()) names = class_names_of(stated("data"));
    const auto classes = static_cast<std::size_t>(file.classifier.classes);
    if (!names.empty() && names.size() != classes)
        throw BadInput(o.names.empty() ? "class_names" : o.names, "lines",
                       std::to_string(classes) + ", one per class", std::to_string(names.size()));
    return names;
}

/// Classes by falling probability, the first `top`.
Json ranking(const std::vector<float>& logits, std::uint64_t top, const std::vector<std::string>& names) {
    std::vector<std::size_t> order(logits.size());
    for (std::size_t c = 0; c < order.size(); ++c) order[c] = c;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
    double sum = 0;
    for (float z : logits) sum += exact_exp(static_cast<double>(z) - logits[order[0]]);
    Json classes = Json::array();
    for (std::size_t i = 0; i < std::min<std::size_t>(top, order.size()); ++i) {
        classes.push_back(
            {{"class", order[i]},
             {"probability", exact_exp(static_cast<double>(logits[order[i]]) - logits[order[0]]) / sum}});
        if (!names.empty()) classes.back()["name"] = names[order[i]];
    }
    return classes;
}

int predict_command(const PredictOptions& o) {
    o.shared.apply();
    const NetworkFile file =
        open_network(o.weights, {.model = o.model, .numerics = "", .classes = o.classes});
    const StatedPreprocessing stated = o.preprocess.of(o.weights, o.model).stated;
    if (!stated.scaling)
        throw BadInput(
            (o.weights.empty() ? o.model : o.weights) +
            ": does not say how images are normalised; give --mean and --std (and --scale, --channels, "
            "--resize, --crop) or --preprocess FILE");
    const std::vector<std::string> names = class_names(o, file);
    Json list = Json::array();
    for (const std::string& path : o.images) {
        std::vector<float> logits(static_cast<std::size_t>(file.classifier.classes));
        file.classifier.logits(input_of(path, file.classifier.input, stated), logits);
        if (!std::all_of(logits.begin(), logits.end(), [](float z) { return std::isfinite(z); }))
            throw Error(path + ": the network's logits are not finite; the weights are not usable");
        list.push_back(
            {{"image", path}, {"classes", ranking(logits, std::max<std::uint64_t>(o.top, 1), names)}});
        if (o.shared.json) continue;
        std::string text = path + ":";
        for (const Json& c : list.back()["classes"])
            text += fmt::format("  class {}{} ({:.1f} %)", c["class"].get<int>(),
                                c.contains("name") ? " '" + c["name"].get<std::string>() + "'" : "",
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
    command.positional("IMAGE", o->images, "JPEG, PNG, WebP, BMP, TIFF or GIF files").required();
    command
        .option("--weights", o->weights,
                "a quantized network, or float weights (default: those of --model NET.onnx)")
        .option("--model", o->model, "of float weights: a name or NET.onnx (default: what they state)")
        .option("--classes", o->classes,
                "of float weights (default: what the file states, else as usual for the model)")
        .option("--top", o->top, "how many classes to show")
        .option("--names", o->names, "file of class names, one a line (default: what the file states)");
    o->preprocess.add(command);
    o->shared.add_machine(command);
    o->shared.add_json(command);
    command
        .examples(
            "  nibble predict --weights r20-w8a8.safetensors cat.jpg dog.png --top 3\n"
            "  nibble predict --model net.onnx cat.jpg --mean .485,.456,.406 --std .229,.224,.225 --names "
            "synsets.txt\n"
            "Images are resized and cropped as options, NET.preprocess.json beside the file or its metadata "
            "say; "
            "else\n"
            "their largest central square is resized to what the network takes. EXIF rotation is not "
            "applied. "
            "Classes\n"
            "are numbers, from 0, in the order of the training data.")
        .action([o] { return predict_command(*o); });
}

}  // namespace nibble
