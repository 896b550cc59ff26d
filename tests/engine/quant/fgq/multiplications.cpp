#include "engine/quant/fgq/multiplications.hpp"

#include <doctest/doctest.h>

#include "engine/models/catalog.hpp"
#include "engine/models/resnet_cifar.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/train/init.hpp"

namespace nibble::fgq {
namespace {

Multiplications counted(const Graph& graph, const std::string& method) {
    Histogram zeros;
    zeros.add(std::vector<float>{0.0f});
    const NetworkLayers layers(graph, method_from(method),
                               std::vector<Histogram>(graph.nodes().size(), zeros));
    return multiplications_of(graph, layers.quantization(initial_weights(graph, 1)).layers);
}

TEST_CASE("multiplications: by hand") {
    Graph g;
    int x = g.input({6, 5, 3});
    x = g.conv(x, "first", 8, {3, 3, 1, 1});    // 30 pixels x 216
    x = g.conv(x, "second", 10, {1, 1, 1, 0});  // 30 pixels x 80, 2 groups of 4 a channel
    x = g.conv(x, "third", 4, {3, 3, 2, 1});    // 9 pixels x 360, groups of 4, 4 and 2: 108
    g.linear(g.global_pool(x), "linear", 7);    // 28, 7 groups
    const Multiplications m = counted(g, "g4a8");
    CHECK(m.all == 30 * 216 + 30 * 80 + 9 * 360 + 28);
    CHECK(m.all == g.macs());
    CHECK(m.left == 30 * 216 + 30 * 20 + 9 * 108 + 7);
    CHECK(counted(g, "g4a8-t").left == 30 * 72 + 30 * 20 + 9 * 108 + 7);
    CHECK(multiplications_of(g, {}).left == g.macs());
    CHECK(multiplications_of(g, {}).eliminated() == 0);
}

TEST_CASE("multiplications: near the law where channels are divided, the first layer apart") {
    const Graph graph = resnet_cifar({.depth = 20});
    const double first = 32 * 32 * 9 * 3 * 16 / static_cast<double>(graph.macs());
    for (int n : {2, 4, 8, 16}) {
        const double eliminated = counted(graph, "g" + std::to_string(n) + "a8").eliminated();
        // The linear layer has 64 inputs, the others 16, 32 or 64.
        CHECK(eliminated == doctest::Approx((1 - first) * (1 - 1.0 / n)).epsilon(1e-9));
    }
    // At 64 only the last stage has groups as large.
    CHECK(counted(graph, "g64a8").eliminated() < (1 - first) * (1 - 1.0 / 64));
    CHECK(counted(graph, "g64a8").eliminated() > counted(graph, "g16a8").eliminated());
}

TEST_CASE("multiplications: the paper's law and model give its figures") {
    CHECK(eliminated_by_law(4) == 0.75);
    CHECK(eliminated_by_law(64) == doctest::Approx(0.984).epsilon(0.001));
    CHECK(speed_by_model(4) == doctest::Approx(9.14).epsilon(0.001));
    CHECK(speed_by_model(64) == doctest::Approx(15.28).epsilon(0.001));
}

TEST_CASE("multiplications: by shape, they are those of the quantized layers") {
    const Graph graph = make_model("resnet20", 10, {32, 32, 3});
    for (int n : {4, 64}) {
        const Multiplications all = multiplications_of(graph, n, Counted::all_layers),
                              made = counted(graph, "g" + std::to_string(n) + "a8"),
                              ternary = multiplications_of(graph, n, Counted::ternary_layers);
        CHECK(all.all == made.all);
        CHECK(all.left == made.left);
        const std::uint64_t first = 32 * 32 * 16 * 27;
        CHECK(ternary.all == all.all - first);
        CHECK(ternary.left == all.left - first);
    }
}

}  // namespace
}  // namespace nibble::fgq
