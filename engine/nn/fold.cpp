#include "engine/nn/fold.hpp"

#include <cmath>

#include "engine/nn/fusion.hpp"

namespace nibble {
namespace {

void fold(const Weights& from, const Node& layer, const Node* norm, Weights& to) {
    Array<float> weight = from.at(layer.name + ".weight");
    const auto outputs = static_cast<std::size_t>(layer.out.c), per_output = weight.size() / outputs;
    const float* bias = layer.bias ? from.at(layer.name + ".bias").data() : nullptr;
    Array<float> folded_bias(Shape{outputs});
    for (std::size_t o = 0; o < outputs; ++o) {
        const NormScale s = norm ? norm_scale(from, *norm, static_cast<int>(o)) : NormScale{1, 0};
        for (std::size_t i = 0; i < per_output; ++i) {
            float& w = weight.data()[o * per_output + i];
            w = static_cast<float>(static_cast<double>(w) * s.scale);
        }
        folded_bias.data()[o] =
            static_cast<float>((bias ? static_cast<double>(bias[o]) : 0.0) * s.scale + s.shift);
    }
    to.emplace(layer.name + ".weight", std::move(weight));
    if (norm || layer.bias) to.emplace(layer.name + ".bias", std::move(folded_bias));
}

}  // namespace

NormScale norm_scale(const Weights& weights, const Node& norm, int channel) {
    const auto parameter = [&](const char* suffix) {
        return static_cast<double>(weights.at(norm.name + suffix).data()[channel]);
    };
    const double inverse = 1.0 / std::sqrt(parameter(".running_var") + static_cast<double>(norm.eps));
    const double scale = parameter(".weight") * inverse;
    return {scale, parameter(".bias") - parameter(".running_mean") * scale};
}

FoldedNetwork fold_batch_norm(const Graph& graph, const Weights& weights) {
    graph.check(weights);
    const auto readers = readers_of(graph);
    const auto norm_after = [&](int i) -> const Node* {
        return readers[i].size() == 1 && graph[readers[i][0]].op == Op::batch_norm ? &graph[readers[i][0]]
                                                                                   : nullptr;
    };
    FoldedNetwork folded;
    for (int i = 0; i < graph.size(); ++i) {
        Node node = graph[i];
        for (int& x : node.inputs) x = folded.node_of[x];
        if (node.op == Op::batch_norm) {
            const int from = graph[i].inputs.front();
            if (is_weighted(graph[from]) && norm_after(from)) {
                folded.node_of.push_back(node.inputs.front());
                continue;
            }
            for (const char* suffix : {".weight", ".bias", ".running_mean", ".running_var"})
                folded.weights.emplace(node.name + suffix, weights.at(node.name + suffix));
        }
        if (is_weighted(node)) {
            fold(weights, node, norm_after(i), folded.weights);
            node.bias = node.bias || norm_after(i);
        }
        folded.node_of.push_back(folded.graph.append(std::move(node)));
    }
    return folded;
}

}  // namespace nibble
