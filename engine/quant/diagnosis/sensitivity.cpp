#include "engine/quant/diagnosis/sensitivity.hpp"

#include <algorithm>

#include "engine/nn/predictor.hpp"
#include "engine/quant/input_codes.hpp"

namespace nibble {
namespace {

Sensitivity compare(const std::string& layer, std::span<const float> expected, std::span<const float> found,
                    std::size_t classes) {
    double error = 0, norm = 0;
    std::size_t agreeing = 0;
    const std::size_t images = expected.size() / classes;
    for (std::size_t i = 0; i < images; ++i) {
        const auto a = expected.subspan(i * classes, classes), b = found.subspan(i * classes, classes);
        for (std::size_t c = 0; c < classes; ++c) {
            const double difference = static_cast<double>(a[c]) - static_cast<double>(b[c]);
            error += difference * difference;
            norm += static_cast<double>(a[c]) * static_cast<double>(a[c]);
        }
        agreeing += std::max_element(a.begin(), a.end()) - a.begin() ==
                    std::max_element(b.begin(), b.end()) - b.begin();
    }
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
    for (int i : graph.products()) {
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
