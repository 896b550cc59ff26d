#include "engine/nn/fold.hpp"

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/nn/fusion.hpp"

namespace nibble {
namespace {

/// The same node in another graph; inputs already translated.
int copy_node(Graph& to, const Node& node, const std::vector<int>& in, bool bias) {
    switch (node.op) {
        case Op::input:
            return to.input(node.out);
        case Op::conv:
            return to.conv(in[0], node.name, node.out.c, node.window, bias);
        case Op::linear:
            return to.linear(in[0], node.name, node.out.c, bias);
        case Op::batch_norm:
            return in[0];
        case Op::relu:
            return to.relu(in[0]);
        case Op::add:
            return to.add(in[0], in[1]);
        case Op::shortcut_a:
            return to.shortcut_a(in[0], node.out.c, node.stride);
        case Op::max_pool:
            return to.max_pool(in[0], node.window);
        case Op::avg_pool:
            return to.avg_pool(in[0], node.window);
        case Op::global_pool:
            return to.global_pool(in[0]);
    }
    return -1;
}

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
        const Node& node = graph[i];
        std::vector<int> inputs;
        for (int x : node.inputs) inputs.push_back(folded.node_of[x]);
        const bool product = is_product(node);
        if (product) fold(weights, node, norm_after(i), folded.weights);
        if (node.op == Op::batch_norm) {
            const int from = node.inputs.front();
            if (!is_product(graph[from]) || !norm_after(from))
                throw Unsupported(describe(graph, i) +
                                  ": only a batch norm that is a convolution's only reader folds");
        }
        folded.node_of.push_back(
            copy_node(folded.graph, node, inputs, product && (node.bias || norm_after(i))));
    }
    return folded;
}

}  // namespace nibble
