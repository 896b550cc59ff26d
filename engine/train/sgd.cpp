#include "engine/train/sgd.hpp"

namespace nibble {

Sgd::Sgd(const Options& options, const Weights& weights) : options_(options) {
    for (const auto& [name, values] : weights)
        if (!is_buffer(name)) velocity_[name] = xt::zeros<float>(values.shape());
}

void Sgd::step(Weights& weights, const Weights& gradients, double learning_rate) {
    const auto momentum = static_cast<float>(options_.momentum), rate = static_cast<float>(learning_rate);
    for (auto& [name, velocity] : velocity_) {
        Array<float>& values = weights.at(name);
        const float decay = values.dimension() > 1 ? static_cast<float>(options_.weight_decay) : 0.0f;
        float* w = values.data();
        float* v = velocity.data();
        const float* gradient = gradients.at(name).data();
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float g = gradient[i] + decay * w[i];
            v[i] = momentum * v[i] + g;
            w[i] -= rate * (options_.nesterov ? g + momentum * v[i] : v[i]);
        }
    }
}

}  // namespace nibble
