#include "engine/train/init.hpp"

#include <cmath>

#include "engine/core/rng.hpp"

namespace nibble {
namespace {

float draw(Start start, double fan_in, Random& random) {
    switch (start) {
        case Start::zeros:
            return 0.0f;
        case Start::ones:
            return 1.0f;
        case Start::he_normal:
            return static_cast<float>(std::sqrt(2.0 / fan_in)) * random.normal();
        case Start::uniform:
            return static_cast<float>(1.0 / std::sqrt(fan_in)) * (2.0f * random.uniform() - 1.0f);
    }
    return 0.0f;
}

}  // namespace

Weights initial_weights(const Graph& graph, std::uint64_t seed) {
    Weights weights;
    std::uint32_t stream = 0;
    double fan_in = 1;
    for (const auto& [name, shape, start] : graph.parameters()) {
        if (shape.size() > 1)
            fan_in = static_cast<double>(count(shape) / shape[0]);  // a bias has its layer's
        Random random(seed, Purpose::init, 0, stream++);
        Array<float> values(shape);
        for (float& x : values) x = draw(start, fan_in, random);
        weights[name] = std::move(values);
    }
    return weights;
}

}  // namespace nibble
