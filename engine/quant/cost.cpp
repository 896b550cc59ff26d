#include "engine/quant/cost.hpp"

#include <algorithm>

#include "engine/core/error.hpp"

namespace nibble {
namespace {

std::uint64_t checked(int bits, const std::string& layer) {
    if (bits < 1 || bits > 32) throw BadInput(layer, "bits", "1 to 32", std::to_string(bits));
    return static_cast<std::uint64_t>(bits);
}

/// L of the head comment.
std::uint64_t linear_bits(std::uint64_t bits) {
    std::uint64_t supported = 4;
    while (supported < bits) supported *= 2;
    return supported;
}

Cost layer_cost(const Node& node, std::uint64_t weights, Dims in, const OperandBits& bits) {
    const std::uint64_t w = checked(bits.weights, node.name), a = checked(bits.activations, node.name);
    const std::uint64_t pixels = Dims{node.out.h, node.out.w, 1}.size();
    const std::uint64_t multiplications = pixels * weights;
    return {.multiplications = multiplications,
            .weights = weights,
            .linear = multiplications * linear_bits(std::max(w, a)),
            .quadratic = multiplications * w * a,
            .weight_memory = weights * w,
            .activation_memory = in.size() * a};
}

}  // namespace

Cost& Cost::operator+=(const Cost& other) {
    multiplications += other.multiplications;
    weights += other.weights;
    linear += other.linear;
    quadratic += other.quadratic;
    weight_memory += other.weight_memory;
    activation_memory += other.activation_memory;
    return *this;
}

NetworkCost cost_of(const Graph& graph, const BitsByLayer& bits, const ExtraChannels& extra) {
    NetworkCost network;
    for (const Node& node : graph.nodes()) {
        if (!is_weighted(node)) continue;
        const auto found = bits.find(node.name);
        if (found == bits.end()) throw BadInput(node.name + ": no bits are given for this layer");
        const auto more = extra.find(node.name);
        const std::size_t extra_channels = more == extra.end() ? 0 : more->second;
        const Shape shape = graph.weight_shape(node);
        const std::uint64_t weights = count(shape) / shape[0] * (shape[0] + extra_channels);
        const Cost cost = layer_cost(node, weights, graph[node.inputs.front()].out, found->second);
        network.layers.push_back({node.name, found->second, extra_channels, cost});
        network.total += cost;
    }
    for (const auto& [name, channels] : extra)
        if (!bits.contains(name))
            throw BadInput(name + ": extra channels, but the network has no such layer");
    if (bits.size() != network.layers.size())
        throw BadInput("cost", "layers with bits", std::to_string(network.layers.size()),
                       std::to_string(bits.size()));
    return network;
}

NetworkCost cost_of(const Graph& graph, const NetworkBits& bits) {
    return cost_of(graph, bits_by_layer(graph, bits));
}

NetworkCost cost_of(const Graph& graph, const Quantization& quantization, int float_bits) {
    ExtraChannels extra;
    for (const auto& [name, weights] : quantization.layers)
        if (const std::size_t more = weights.term_channels() - weights.outputs()) extra[name] = more;
    return cost_of(graph, bits_by_layer(graph, quantization, float_bits), extra);
}

}  // namespace nibble
