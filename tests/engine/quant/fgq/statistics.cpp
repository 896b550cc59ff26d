#include "engine/quant/fgq/statistics.hpp"

#include <doctest/doctest.h>

#include "engine/quant/diagnosis/relative_error.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/quant/fgq/weights.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble::fgq {
namespace {

TEST_CASE("statistics of ternary weights: means over layers by their weights, the first layer left out") {
    Graph g;
    int x = g.input({6, 6, 3});
    x = g.conv(x, "first", 8, {3, 3, 1, 1});
    x = g.conv(x, "second", 6, {3, 3, 1, 1});
    g.linear(g.global_pool(x), "last", 5);
    const Weights weights = test::random_weights(g, 1);
    const auto layers = NetworkLayers(g, method_from("g4"), {}).quantized_weights(weights);
    const Statistics s = statistics_of(weights, layers);
    CHECK(s.weights == 6 * 8 * 9 + 5 * 6);
    CHECK(s.groups == 6 * 2 * 9 + 5 * 2);
    const auto error = [&](const char* name) {
        return relative_error(weights.at(std::string(name) + ".weight"), layers.at(name));
    };
    CHECK(s.error == doctest::Approx((432 * error("second") + 30 * error("last")) / 462));
    CHECK(s.density ==
          doctest::Approx((432 * density(layers.at("second")) + 30 * density(layers.at("last"))) / 462));
    CHECK(s.helped_by_two_thresholds == 0);
    // Channels on other scales count as they did.
    Weights scaled = weights;
    for (float& w : scaled.at("second.weight")) w *= 8;
    const Statistics t =
        statistics_of(scaled, NetworkLayers(g, method_from("g4"), {}).quantized_weights(scaled));
    CHECK(t.error == s.error);
}

TEST_CASE("statistics of ternary weights: none without ternary layers") {
    CHECK(statistics_of({}, {}).groups == 0);
    CHECK(statistics_of({}, {}).error == 0);
}

}  // namespace
}  // namespace nibble::fgq
