#include "experiments/harness/cost.hpp"

#include "engine/core/json.hpp"

namespace nibble {

namespace {
std::size_t linear_bits(std::size_t bits) {
    std::size_t supported = 4;
    while (supported < bits) supported *= 2;
    return supported;
}
}  // namespace

Json cost_of(const Graph& graph, Numerics numerics) {
    // Operands of products: bf16 training keeps float weights for the optimizer, but multiplies bfloat16.
    const std::size_t bits = numerics == Numerics::f32 ? 32 : 16;
    std::size_t macs = 0, weights = 0, activations = 0;
    Json layers = Json::array();
    for (const Node& node : graph.nodes()) {
        if (node.op != Op::conv && node.op != Op::linear) continue;
        const Dims in = graph[node.inputs.front()].out;
        const std::size_t window = node.op == Op::conv ? static_cast<std::size_t>(node.window.kernel_h) *
                                                             static_cast<std::size_t>(node.window.kernel_w)
                                                       : 1;
        const std::size_t kernel =
            window * static_cast<std::size_t>(in.c) * static_cast<std::size_t>(node.out.c);
        const std::size_t products =
            kernel * static_cast<std::size_t>(node.out.h) * static_cast<std::size_t>(node.out.w);
        macs += products;
        weights += kernel;
        activations += in.size();
        layers.push_back({{"name", node.name},
                          {"macs", products},
                          {"weights", kernel},
                          {"weight_bits", bits},
                          {"activation_bits", bits},
                          {"kernel", to_string(numerics)}});
    }
    return {{"macs", macs},
            {"linear_cost", macs * linear_bits(bits)},
            {"quadratic_cost", macs * bits * bits},
            {"weight_bytes", weights * bits / 8},
            {"activation_bytes", activations * bits / 8},
            {"layers", layers}};
}

}  // namespace nibble
