#include "engine/quant/calibration/calibration.hpp"

#include <algorithm>
#include <mutex>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/fusion.hpp"
#include "engine/nn/network.hpp"

namespace nibble {

void visit_values(const Graph& graph, const Weights& weights, std::span<const float> images,
                  const Visit& visit) {
    graph.check(weights);
    flush_denormals();
    Weights own = weights, no_gradients;
    Network network(graph, Numerics::f32, Network::Mode::evaluation, 0, own, no_gradients);
    const std::size_t size = network.image_size(), n = images.size() / size;
    if (n * size != images.size())
        throw BadInput("calibration", "size of the images", "a multiple of " + std::to_string(size),
                       std::to_string(images.size()));
    std::vector<std::mutex> mutexes(graph.nodes().size());
    parallel_for(n, [&](std::size_t i, int worker) {
        std::vector<float> logits(static_cast<std::size_t>(graph.classes()));
        network.infer(images.data() + i * size, logits, worker);
        for (int node = 0; node < graph.size(); ++node) {
            const std::vector<float> values = network.activation(node, worker);
            if (values.empty()) continue;
            const std::lock_guard lock(mutexes[static_cast<std::size_t>(node)]);
            visit(node, values);
        }
    });
}

void ValueRange::include(std::span<const float> values) {
    for (float v : values) {
        lowest = std::min(lowest, v);
        highest = std::max(highest, v);
    }
}

void observe_ranges(const Graph& graph, const Weights& weights, std::span<const float> images,
                    std::vector<ValueRange>& ranges) {
    ranges.resize(graph.nodes().size());
    visit_values(graph, weights, images, [&](int node, std::span<const float> values) {
        ranges[static_cast<std::size_t>(node)].include(values);
    });
}

std::vector<Histogram> observe_histograms(const Graph& graph, const Weights& weights,
                                          std::span<const float> images) {
    std::vector<char> read(graph.nodes().size(), 0);
    for (const Node& node : graph.nodes())
        if (is_weighted(node) || node.op == Op::add || node.op == Op::shortcut_a)
            for (int input : node.inputs) read[static_cast<std::size_t>(input)] = 1;
    std::vector<Histogram> histograms(graph.nodes().size());
    visit_values(graph, weights, images, [&](int node, std::span<const float> values) {
        if (read[static_cast<std::size_t>(node)]) histograms[static_cast<std::size_t>(node)].add(values);
    });
    return histograms;
}

}  // namespace nibble
