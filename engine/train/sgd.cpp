#include "engine/train/sgd.hpp"

namespace nibble {

Weights zeros_like(const Weights& weights) {
    Weights zeros;
    for (const auto& [name, values] : weights)
        if (!is_buffer(name)) zeros[name] = xt::zeros_like(values);
    return zeros;
}

Sgd::Sgd(const Options& options, const Weights& weights)
    : options_(options), velocity_(zeros_like(weights)) {}

void Sgd::step(Weights& weights, const Weights& gradients, double learning_rate) {
    const auto momentum = static_cast<float>(options_.momentum), rate = static_cast<float>(learning_rate);
    for (auto& [name, v] : velocity_) {
        Array<float>& w = weights.at(name);
        const float decay = w.dimension() > 1 ? static_cast<float>(options_.weight_decay) : 0.0f;
        const auto g = gradients.at(name) + decay * w;
        xt::noalias(v) = momentum * v + g;
        if (options_.nesterov)
            xt::noalias(w) = w - rate * (g + momentum * v);
        else
            xt::noalias(w) = w - rate * v;
    }
}

}  // namespace nibble
