#include "engine/quant/post_training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/math.hpp"
#include "engine/quant/calibration/calibration.hpp"
#include "engine/quant/cost.hpp"
#include "engine/quant/diagnosis/relative_error.hpp"
#include "engine/quant/mmse/activations.hpp"

namespace nibble {
namespace {

/// `what`: "images" or "augmented images".
void check_images(std::span<const float> images, std::size_t image_size, const std::string& what) {
    const std::size_t n = images.size() / image_size;
    if (n * image_size != images.size())
        throw BadInput("calibration", "size of the " + what, "a multiple of " + std::to_string(image_size),
                       std::to_string(images.size()));
    if (n < kFewestCalibrationImages)
        throw BadInput("calibration", what, "at least " + std::to_string(kFewestCalibrationImages),
                       std::to_string(n));
    const auto bad = std::find_if_not(images.begin(), images.end(), [](float x) { return std::isfinite(x); });
    if (bad != images.end()) {
        const auto image = static_cast<std::size_t>(bad - images.begin()) / image_size;
        throw BadInput("calibration", "values of image number " + std::to_string(image), "finite numbers",
                       std::to_string(*bad));
    }
    if (std::all_of(images.begin(), images.end(), [](float x) { return x == 0; }))
        throw BadInput("calibration: every value of every image is 0; give images that show something");
}

LayerDiagnosis diagnose(const PostTrained& quantized, int layer, const Calibration& calibration) {
    const FoldedNetwork& floats = quantized.network;
    const Node& node = floats.graph[layer];
    LayerDiagnosis d;
    d.name = node.name;
    d.channels = static_cast<std::size_t>(node.out.c);
    const Quantization& q = quantized.quantization;
    if (const auto weights = q.layers.find(node.name); weights != q.layers.end()) {
        d.weights = weights->second.scheme;
        d.weight_error = relative_error(floats.weights.at(node.name + ".weight"), weights->second);
        d.bits_per_weight = weights->second.bits_per_weight();
        for (const ExtraTerm& term : weights->second.extra) d.extra_channels += term.outputs.size();
    }
    const auto input = q.edges.find({layer, 0});
    if (input == q.edges.end()) return d;
    d.input = input->second;
    const auto from = static_cast<std::size_t>(node.inputs.front());
    if (!input->second.by_channel() && from < calibration.activations.size())
        d.input_error = mmse::relative_error(calibration.activations[from], input->second);
    return d;
}

}  // namespace

Diagnosed post_train(const PostTrainingMethod& method, const Graph& graph, const Weights& weights,
                     std::span<const float> images, std::span<const float> augmented) {
    FloatNetwork network{graph, weights, fold_batch_norm(graph, weights)};
    const auto facts = method.prepare(network.folded);
    Calibration calibration;
    if (method.calibration_images() > 0) {
        check_images(images, graph.input_dims().size(), "images");
        calibration.images = images;
        if (method.observes_activations())
            calibration.activations =
                observe_histograms(network.folded.graph, network.folded.weights, images);
    }
    if (method.wants_augmented_images()) {
        check_images(augmented, graph.input_dims().size(), "augmented images");
        calibration.augmented = augmented;
    }
    PostTrained quantized = method.quantize(network, calibration);
    quantized.facts.insert(facts.begin(), facts.end());
    Diagnosed result{std::move(network.folded), std::move(quantized), {}};
    for (int i : result.network.network.graph.weighted_layers())
        result.layers.push_back(diagnose(result.network, i, calibration));
    return result;
}

double sqnr(double relative_error) {
    if (relative_error <= 0) return std::numeric_limits<double>::infinity();
    return -10 * exact_log(relative_error) / exact_log(10.0);
}

Weights rounded_weights(const PostTrained& network) {
    Weights weights = network.network.weights;
    for (const auto& [name, layer] : network.quantization.layers)
        weights.at(name + ".weight") = layer.values();
    return weights;
}

double bits_per_weight(const std::vector<LayerDiagnosis>& layers, const Graph& graph) {
    double all = 0, bits = 0;
    for (const LayerDiagnosis& d : layers)
        for (int i : graph.weighted_layers()) {
            const Node& node = graph[i];
            if (node.name != d.name) continue;
            const auto weights = static_cast<double>(count(graph.weight_shape(node)));
            all += weights;
            bits += weights * d.bits_per_weight;
        }
    return all > 0 ? bits / all : 0;
}

double product_overhead(const PostTrained& network) {
    const Graph& graph = network.network.graph;
    const auto products = cost_of(graph, network.quantization, 32).total.multiplications;
    return static_cast<double>(products) / static_cast<double>(graph.macs());
}

bool runs_as_integers(const PostTrained& network) {
    const Graph& graph = network.network.graph;
    const auto products = graph.weighted_layers();
    return std::all_of(products.begin(), products.end(), [&](int i) {
        return network.quantization.layers.contains(graph[i].name) &&
               network.quantization.edges.contains({i, 0});
    });
}

}  // namespace nibble
