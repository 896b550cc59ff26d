#include "engine/train/init.hpp"

#include <cmath>

#include "engine/core/rng.hpp"

namespace nibble {

Weights initial_weights(const Graph& graph, std::uint64_t seed) {
    Weights weights;
    std::uint32_t stream = 0;
    const auto fill = [&](const std::string& name, const Shape& shape, auto draw) {
        Array<float> values(shape);
        Random random(seed, Purpose::init, 0, stream++);
        for (float& x : values) x = draw(random);
        weights[name] = std::move(values);
    };
    const auto constant = [](float x) { return [x](Random&) { return x; }; };
    for (const Node& node : graph.nodes()) {
        const auto channels = static_cast<std::size_t>(node.out.c);
        if (node.op == Op::conv) {
            const Shape shape = graph.weight_shape(node);
            const auto deviation =
                static_cast<float>(std::sqrt(2.0 / static_cast<double>(count(shape) / channels)));
            fill(node.name + ".weight", shape, [=](Random& r) { return deviation * r.normal(); });
            if (node.bias) fill(node.name + ".bias", {channels}, constant(0.0f));
        } else if (node.op == Op::linear) {
            const auto in = graph[node.inputs[0]].out.size();
            const auto bound = static_cast<float>(1.0 / std::sqrt(static_cast<double>(in)));
            const auto draw = [=](Random& r) { return bound * (2.0f * r.uniform() - 1.0f); };
            fill(node.name + ".weight", {channels, in}, draw);
            if (node.bias) fill(node.name + ".bias", {channels}, draw);
        } else if (node.op == Op::batch_norm) {
            fill(node.name + ".weight", {channels}, constant(1.0f));
            fill(node.name + ".bias", {channels}, constant(0.0f));
            fill(node.name + ".running_mean", {channels}, constant(0.0f));
            fill(node.name + ".running_var", {channels}, constant(1.0f));
        }
    }
    return weights;
}

}  // namespace nibble
