#include "experiments/commands/preprocess_options.hpp"

#include <charconv>
#include <filesystem>

#include "engine/core/file.hpp"
#include "engine/io/tensor_file.hpp"
#include "engine/onnx/file.hpp"
#include "experiments/pipeline/files/model.hpp"
#include "experiments/pipeline/files/published.hpp"

namespace nibble {

namespace {
StatedPreprocessing read_preprocessing(const std::filesystem::path& path) {
    return preprocessing_from(read_json(path), path.string());
}

/// 256 as a number, 227x227 as text.
Json number_or_text(const std::string& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? Json(number) : Json(text);
}

StatedPreprocessing stated_by(const PreprocessOptions& o) {
    Json object = Json::object();
    for (const auto& [key, text] : {std::pair{"resize", &o.resize}, {"crop", &o.crop}})
        if (!text->empty()) object[key] = number_or_text(*text);
    for (const auto& [key, text] :
         {std::pair{"filter", &o.filter}, {"crop_offset", &o.crop_offset}, {"channels", &o.channels}})
        if (!text->empty()) object[key] = *text;
    for (const auto& [key, text] : {std::pair{"mean", &o.mean}, {"std", &o.std}})
        if (!text->empty()) object[key] = number_list(*text, std::string("--") + key);
    if (!o.scale.empty()) object["scale"] = number_list(o.scale, "--scale").front();
    return preprocessing_from(object, "command line");
}

Metadata metadata_of(const std::string& network) {
    return is_onnx(network) ? onnx::read_file(network).metadata : read_tensors(network).metadata;
}
}  // namespace

void PreprocessOptions::add(Command& command) {
    command
        .option("--preprocess", file, "JSON file that says how images become inputs; the options below win")
        .option("--resize", resize, "none, the length of the shorter side (256), or HEIGHTxWIDTH")
        .option("--filter", filter, "of resizing: bilinear or bicubic, as in PIL")
        .option("--crop", crop, "none, or the side of the central square (224)")
        .option("--crop-offset", crop_offset, "half_even (torchvision) or down: how half a pixel is rounded")
        .option("--channels", channels, "RGB or BGR, the order of the network's channels")
        .option("--scale", scale, "what bytes are divided by first: 255, or 1 to keep 0 to 255")
        .option("--mean", mean, "then subtracted, per channel: 0.485,0.456,0.406")
        .option("--std", std, "then divided by, per channel: 0.229,0.224,0.225");
}

bool PreprocessOptions::given() const {
    for (const std::string* text :
         {&file, &resize, &filter, &crop, &crop_offset, &channels, &scale, &mean, &std})
        if (!text->empty()) return true;
    return false;
}

NetworkPreprocessing PreprocessOptions::of(const std::string& weights, const std::string& model) const {
    NetworkPreprocessing all{{}, "data"};
    const auto add_source = [&](const StatedPreprocessing& source, const char* name) {
        if (source.scaling && !all.stated.scaling) all.normalization_from = name;
        all.stated = all.stated.over(source);
    };
    add_source(stated_by(*this), "flags");
    if (!file.empty()) add_source(read_preprocessing(file), "file");
    const std::string& network = weights.empty() ? model : weights;
    if (weights.empty() && !is_onnx(model)) return all;
    const auto beside = std::filesystem::path(network).replace_extension(".preprocess.json");
    if (is_there(beside)) add_source(read_preprocessing(beside), "file");
    add_source(preprocessing_from(metadata_of(network), network), "weights");
    if (!all.stated.scaling) add_source(published_preprocessing(network), "author");
    return all;
}

}  // namespace nibble
