#include "engine/models/resnet_cifar.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "engine/core/error.hpp"
#include "tests/helpers/networks.hpp"

using namespace nibble;

namespace {

/// Trainable parameters: buffers do not count.
std::size_t trainable(const Graph& graph) {
    std::size_t total = 0;
    for (const auto& [name, shape, start] : graph.parameters())
        if (!is_buffer(name)) total += count(shape);
    return total;
}

std::size_t nodes_of(const Graph& graph, Op op) {
    return static_cast<std::size_t>(
        std::count_if(graph.nodes().begin(), graph.nodes().end(), [&](const Node& n) { return n.op == op; }));
}

}  // namespace

// The figures of the paper's table 6 (0.27, 0.46, 0.85 million) and, exactly, of the PyTorch implementation
// whose pretrained networks we read.
TEST_CASE("resnet_cifar: parameters of the known depths") {
    CHECK(trainable(resnet_cifar({.depth = 20})) == 269722);
    CHECK(trainable(resnet_cifar({.depth = 32})) == 464154);
    CHECK(trainable(resnet_cifar({.depth = 56})) == 853018);
}

TEST_CASE("resnet_cifar: multiplications of ResNet-20 by hand") {
    const std::size_t stage1 = 32 * 32 * 16 * 9 * (3 + 6 * 16);  // conv1 and six of 16 -> 16
    const std::size_t stage2 = 16 * 16 * 32 * 9 * (16 + 5 * 32);
    const std::size_t stage3 = 8 * 8 * 64 * 9 * (32 + 5 * 64);
    CHECK(resnet_cifar({.depth = 20}).macs() == stage1 + stage2 + stage3 + 640);
    // Projections add two 1x1 convolutions.
    CHECK(resnet_cifar({.depth = 20, .shortcut = Shortcut::projection}).macs() ==
          stage1 + stage2 + stage3 + 640 + 16 * 16 * 32 * 16 + 8 * 8 * 64 * 32);
}

TEST_CASE("resnet_cifar: layers and shapes of option A") {
    const Graph g = resnet_cifar({.depth = 20});
    CHECK(nodes_of(g, Op::conv) == 19);
    CHECK(nodes_of(g, Op::add) == 9);
    CHECK(nodes_of(g, Op::shortcut_a) == 2);
    CHECK(nodes_of(g, Op::clamp) == 19);
    const auto all = test::shapes(g);
    CHECK(all.at("conv1.weight") == Shape{16, 3, 3, 3});
    CHECK(all.at("layer2.0.conv1.weight") == Shape{32, 16, 3, 3});
    CHECK(all.at("layer3.2.bn2.running_var") == Shape{64});
    CHECK(all.at("linear.weight") == Shape{10, 64});
    CHECK_FALSE(all.contains("layer2.0.downsample.0.weight"));
    CHECK_FALSE(all.contains("conv1.bias"));
    for (const Node& node : g.nodes())
        if (node.op == Op::shortcut_a) {
            CHECK(node.stride == 2);
            CHECK(node.out.c == 2 * g[node.inputs[0]].out.c);
        }
}

TEST_CASE("resnet_cifar: projection and plain networks") {
    const Graph projection = resnet_cifar({.depth = 14, .shortcut = Shortcut::projection});
    CHECK(test::shapes(projection).at("layer2.0.downsample.0.weight") == Shape{32, 16, 1, 1});
    CHECK(test::shapes(projection).at("layer3.0.downsample.1.running_mean") == Shape{64});
    CHECK_FALSE(test::shapes(projection).contains("layer1.0.downsample.0.weight"));
    CHECK(nodes_of(projection, Op::add) == 6);

    const Graph plain = resnet_cifar({.depth = 14, .shortcut = Shortcut::none});
    CHECK(nodes_of(plain, Op::add) == 0);
    CHECK(trainable(plain) == trainable(resnet_cifar({.depth = 14})));
}

TEST_CASE("resnet_cifar: width, classes and other inputs") {
    const Graph g = resnet_cifar({.depth = 8, .width = 0.3, .classes = 100, .input = {28, 28, 1}});
    const auto all = test::shapes(g);
    CHECK(all.at("conv1.weight") == Shape{4, 1, 3, 3});           // 4.8 rounded down
    CHECK(all.at("layer2.0.conv1.weight") == Shape{9, 4, 3, 3});  // 9.6
    CHECK(all.at("linear.weight") == Shape{100, 19});             // 19.2
    CHECK(test::shapes(resnet_cifar({.depth = 8, .width = 0.01})).at("linear.weight") == Shape{10, 1});
    CHECK(g[g.size() - 3].out == Dims{7, 7, 19});
}

TEST_CASE("resnet_cifar: impossible options are refused") {
    for (const int depth : {-4, 0, 2, 18, 21, 1208})
        CHECK_THROWS_AS(resnet_cifar({.depth = depth}), BadInput);
    for (const double width : {0.0, -1.0, 65.0, std::numeric_limits<double>::quiet_NaN()})
        CHECK_THROWS_AS(resnet_cifar({.width = width}), BadInput);
    CHECK_THROWS_AS(resnet_cifar({.classes = 0}), BadInput);
    CHECK_THROWS_AS(resnet_cifar({.input = {0, 32, 3}}), BadInput);
}
