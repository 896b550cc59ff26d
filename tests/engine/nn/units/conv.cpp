#include <doctest/doctest.h>

#include <cmath>

#include "engine/core/rng.hpp"
#include "engine/nn/predictor.hpp"

using namespace nibble;

// Layers with few weights leave out what lies beyond the edges, layers with many multiply zeros instead.
TEST_CASE("conv: one chain of FMAs over rows, columns and channels, with few weights and with many") {
    constexpr Dims kInput{3, 3, 64};
    for (const int channels : {5, 500}) {
        CAPTURE(channels);
        Graph graph;
        int x = graph.conv(graph.input(kInput), "conv", channels, {3, 3, 1, 1});
        // Picks pixel (0, 0): its window begins beyond the edge.
        x = graph.conv(x, "pick", channels, {1, 1, 3});
        Weights weights;
        Random random(3, Purpose::test);
        for (const auto& [name, shape, start] : graph.parameters()) {
            Array<float> values(shape);
            for (float& v : values) v = name == "pick.weight" ? 0.0f : random.normal();
            weights.emplace(name, std::move(values));
        }
        for (int c = 0; c < channels; ++c)
            weights.at("pick.weight").data()[static_cast<std::size_t>(c) * channels + c] = 1;
        std::vector<float> image(kInput.size()), logits(static_cast<std::size_t>(channels));
        for (float& v : image) v = random.normal();
        Predictor(graph, weights, Numerics::f32).logits(image, logits);

        const float* w = weights.at("conv.weight").data();
        for (int o = 0; o < channels; ++o) {
            float sum = 0;
            for (int row = 0; row < 2; ++row)
                for (int col = 0; col < 2; ++col)
                    for (int i = 0; i < kInput.c; ++i)
                        sum = std::fma(image[(row * kInput.w + col) * kInput.c + i],
                                       w[((o * kInput.c + i) * 3 + row + 1) * 3 + col + 1], sum);
            REQUIRE(logits[o] == sum);
        }
    }
}
