#include "engine/quant/diagnosis/sensitivity.hpp"

#include <algorithm>

#include "engine/core/reduce.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/input_codes.hpp"

namespace nibble {
namespace {

Sensitivity compare(const std::string& layer, std::span<const float> expected, std::span<const float> found,
                    std::size_t classes) {
    const Vector<double> z = vector_of(expected.data(), expected.size());
    const double error = ordered_sum(xt::square(z - vector_of(found.data(), found.size()))),
                 norm = ordered_sum(xt::square(z));
    const auto winner = [classes](std::span<const float> logits, std::size_t image) {
        const auto of_image = logits.subspan(image * classes, classes);
        return std::max_element(of_image.begin(), of_image.end()) - of_image.begin();
    };
    const std::size_t images = expected.size() / classes;
    std::size_t agreeing = 0;
    for (std::size_t i = 0; i < images; ++i) agreeing += winner(expected, i) == winner(found, i);
    return {layer, norm > 0 ? error / norm : 0.0,
            static_cast<double>(agreeing) / static_cast<double>(images)};
}

}  // namespace

std::vector<Sensitivity> sensitivities(const FoldedNetwork& original, const PostTrained& quantized,
                                       std::span<const float> images) {
    const Graph& graph = original.graph;
    const auto classes = static_cast<std::size_t>(graph.classes());
    const std::size_t n = images.size() / graph.input_dims().size();
    std::vector<float> expected(n * classes), found(n * classes);
    Predictor(graph, original.weights, Numerics::f32).logits(images, expected);

    std::vector<Sensitivity> list;
    for (int i : graph.weighted_layers()) {
        const Node& node = graph[i];
        Weights weights = original.weights;
        const auto codes = quantized.quantization.layers.find(node.name);
        if (codes != quantized.quantization.layers.end()) {
            weights.at(node.name + ".weight") = codes->second.values();
            if (node.bias)
                weights.at(node.name + ".bias") = quantized.network.weights.at(node.name + ".bias");
        }
        std::map<GraphEdge, Quantizer> edges;
        const GraphEdge edge{i, 0};
        const auto input = quantized.quantization.edges.find(edge);
        if (input != quantized.quantization.edges.end()) edges.emplace(edge, input->second);
        Predictor(graph, weights, Numerics::f32, std::make_unique<InputQuantizers>(graph, edges))
            .logits(images, found);
        list.push_back(compare(node.name, expected, found, classes));
    }
    return list;
}

}  // namespace nibble
