#include "engine/nn/predictor.hpp"

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/network.hpp"

namespace nibble {

struct Predictor::State {
    Weights weights;
    Weights no_gradients;
    std::unique_ptr<NetworkQuantizer> quantizer;
    Network network;

    State(const Graph& graph, const Weights& given, Numerics numerics, std::unique_ptr<NetworkQuantizer> with)
        : weights(given),
          quantizer(std::move(with)),
          network(graph, numerics, Network::Mode::evaluation, 0, weights, no_gradients, quantizer.get()) {}
};

Predictor::Predictor(const Graph& graph, const Weights& weights, Numerics numerics,
                     std::unique_ptr<NetworkQuantizer> quantizer) {
    graph.check(weights);
    flush_denormals();
    state_ = std::make_unique<State>(graph, weights, numerics, std::move(quantizer));
}

Predictor::~Predictor() = default;

void Predictor::logits(std::span<const float> images, std::span<float> logits) {
    Network& network = state_->network;
    const std::size_t size = network.image_size(), classes = network.classes();
    const std::size_t n = images.size() / size;
    if (images.size() != n * size || logits.size() != n * classes)
        throw BadInput("Predictor::logits", "sizes of images and logits",
                       "n x " + std::to_string(size) + " and n x " + std::to_string(classes),
                       std::to_string(images.size()) + " and " + std::to_string(logits.size()));
    parallel_for(
        n,
        [&](std::size_t i, int worker) {
            network.infer(images.data() + i * size, logits.subspan(i * classes, classes), worker);
        },
        network.workers());
}

}  // namespace nibble
