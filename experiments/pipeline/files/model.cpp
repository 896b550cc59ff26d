#include "experiments/pipeline/files/model.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/core/error.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/quantized_file.hpp"
#include "engine/models/catalog.hpp"
#include "engine/onnx/network.hpp"

namespace nibble {

namespace {

/// Numbers from 1 to 9999 with an x between each and the next, as in "32x32x3".
template <std::size_t count>
std::array<int, count> numbers_in(const Metadata& metadata, const std::string& key, const std::string& path) {
    const std::string& text = metadata.at(key);
    std::array<int, count> numbers{};
    const char* at = text.data();
    const char* end = at + text.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0 && (at == end || *at++ != 'x')) break;
        at = std::from_chars(at, end, numbers[i]).ptr;
    }
    if (at != end || std::ranges::any_of(numbers, [](int n) { return n < 1 || n > 9999; }))
        throw BadInput(path, key, std::to_string(count) + " numbers from 1 to 9999, joined by x", text);
    return numbers;
}

/// For images and classes as wished, else as the weights state, else as usual.
Graph graph_of(const std::string& model, const Metadata& metadata, const std::string& path,
               const NetworkWish& wish) {
    int classes = wish.classes;
    Dims input = wish.input;
    if (classes == 0 && metadata.contains("classes")) classes = numbers_in<1>(metadata, "classes", path)[0];
    if (input.h == 0 && metadata.contains("input")) {
        const auto [h, w, c] = numbers_in<3>(metadata, "input", path);
        input = {h, w, c};
    }
    return make_graph(model, classes, input);
}

OpenedNetwork open_onnx(const std::string& path, const NetworkWish& wish) {
    OnnxNetwork network = read_onnx(path, wish.input);
    return {name_of_model(path),
            std::move(network.graph),
            {std::move(network.weights), std::move(network.metadata)},
            std::move(network.quantization)};
}

OpenedNetwork open_quantized(const Safetensors& stored, const std::string& path) {
    try {
        PostTrained network = post_trained_from(stored);
        OpenedNetwork opened{{},
                             std::move(network.network.graph),
                             {std::move(network.network.weights), stored.metadata},
                             std::move(network.quantization)};
        if (const auto stated = stored.metadata.find("model"); stated != stored.metadata.end())
            opened.model = stated->second;
        return opened;
    } catch (const BadInput& e) {
        throw BadInput(path + ": " + e.what());
    }
}

}  // namespace

void require_weights(const std::string& weights, const std::string& model) {
    if (weights.empty() && !is_onnx(model))
        throw BadInput("--weights: give a file; only --model NET.onnx brings its weights along");
}

bool is_onnx(const std::string& model) {
    return model.ends_with(".onnx");
}

std::string name_of_model(const std::string& model) {
    return is_onnx(model) ? std::filesystem::path(model).stem().string() : model;
}

Graph make_graph(const std::string& model, int classes, Dims input) {
    if (is_onnx(model)) return read_onnx(model, input).graph;
    const Graph usual = make_model(model);
    return make_model(model, classes != 0 ? classes : usual.classes(),
                      input.h != 0 ? input : usual.input_dims());
}

Graph make_graph(const std::string& model, const Dataset& images) {
    const ImageShape& shape = images.shape();
    const Dims input{shape.height, shape.width, shape.channels};
    Graph graph = make_graph(model, images.classes(), input);
    check_fit(graph, images, model);
    return graph;
}

void check_fit(const Graph& graph, const Dataset& images, const std::string& where) {
    const ImageShape& shape = images.shape();
    const Dims input{shape.height, shape.width, shape.channels};
    if (graph.input_dims() != input)
        throw BadInput(where, "images", to_string(graph.input_dims()),
                       to_string(input) + " of " + images.name());
    if (images.classes() > graph.classes())
        throw BadInput(where, "classes", "at most " + std::to_string(graph.classes()),
                       std::to_string(images.classes()) + " of " + images.name());
}

OpenedNetwork open_floats(const std::string& weights, const NetworkWish& wish) {
    const std::string& source = weights.empty() ? wish.model : weights;
    if (is_onnx(source)) return open_onnx(source, wish);
    require_weights(weights, wish.model);
    return open_floats(read_tensors(weights), weights, wish);
}

OpenedNetwork open_floats(Safetensors stored, const std::string& path, const NetworkWish& wish) {
    if (is_quantized_network(stored)) return open_quantized(stored, path);
    if (is_integer_network(stored)) throw BadInput(path + ": is quantized already; give float weights");
    OpenedNetwork network{wish.model, {}, weights_from(std::move(stored), path)};
    const Metadata& metadata = network.file.metadata;
    if (const auto stated = metadata.find("model"); network.model.empty() && stated != metadata.end())
        network.model = stated->second;
    if (network.model.empty()) throw BadInput(path + ": does not say which network it is for; give --model");
    network.graph = graph_of(network.model, metadata, path, wish);
    network.model = name_of_model(network.model);
    fit(network.file, network.graph, path);
    return network;
}

}  // namespace nibble
