#include "engine/models/resnet.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>

#include "engine/core/error.hpp"
#include "tests/helpers/networks.hpp"

using namespace nibble;

namespace {

std::size_t trainable(const Graph& graph) {
    std::size_t total = 0;
    for (const auto& [name, shape, start] : graph.parameters())
        if (!is_buffer(name)) total += count(shape);
    return total;
}

}  // namespace

TEST_CASE("resnet: parameters and multiplications are torchvision's") {
    struct Known {
        int depth;
        std::size_t parameters, macs;
    };
    for (const Known known : {Known{18, 11'689'512, 1'814'073'344},
                              {34, 21'797'672, 3'663'761'408},
                              {50, 25'557'032, 4'089'184'256},
                              {101, 44'549'160, 7'801'405'440},
                              {152, 60'192'808, 11'513'626'624}}) {
        CAPTURE(known.depth);
        const Graph graph = resnet({.depth = known.depth});
        CHECK(trainable(graph) == known.parameters);
        CHECK(graph.macs() == known.macs);
    }
}

TEST_CASE("resnet: names and shapes are torchvision's") {
    const auto all = test::shapes(resnet({.depth = 50}));
    CHECK(all.at("conv1.weight") == Shape{64, 3, 7, 7});
    CHECK(all.at("layer1.0.downsample.0.weight") == Shape{256, 64, 1, 1});
    CHECK(all.at("layer2.0.conv2.weight") == Shape{128, 128, 3, 3});
    CHECK(all.at("layer4.2.bn3.running_var") == Shape{2048});
    CHECK(all.at("fc.weight") == Shape{1000, 2048});
    CHECK_FALSE(all.contains("layer1.1.downsample.0.weight"));
    CHECK_FALSE(all.contains("conv1.bias"));
    const auto basic = test::shapes(resnet({.depth = 18}));
    CHECK_FALSE(basic.contains("layer1.0.downsample.0.weight"));
    CHECK(basic.at("layer2.0.downsample.1.weight") == Shape{128});
}

TEST_CASE("resnet: width multiplies the blocks, not the stem") {
    const auto all = test::shapes(resnet({.depth = 29, .width = 0.3}));
    CHECK(all.at("conv1.weight") == Shape{64, 3, 7, 7});
    CHECK(all.at("layer1.0.conv1.weight") == Shape{19, 64, 1, 1});  // 19.2 rounded down
    CHECK(all.at("layer1.0.downsample.0.weight") == Shape{76, 64, 1, 1});
    CHECK(all.at("layer2.0.conv2.weight") == Shape{38, 38, 3, 3});  // twice 19, not 38.4
    CHECK(all.at("fc.weight") == Shape{1000, 608});
    CHECK(all.contains("layer3.2.conv3.weight"));
    CHECK_FALSE(all.contains("layer4.2.conv1.weight"));
    CHECK(resnet({.depth = 18, .width = 0.001}).parameters().back().shape == Shape{1000});
}

TEST_CASE("resnet: a projection is where the shape changes") {
    const auto has_projection = [](const Resnet& options) {
        for (const auto& [name, shape, start] : resnet(options).parameters())
            if (name == "layer1.0.downsample.0.weight") return true;
        return false;
    };
    CHECK(has_projection({.depth = 50}));
    CHECK_FALSE(has_projection({.depth = 50, .width = 0.25}));  // 4 * 16 channels, as the stem
    CHECK_FALSE(has_projection({.depth = 18}));
    CHECK(has_projection({.depth = 18, .width = 0.5}));
}

TEST_CASE("resnet: the stride is in the 3x3 convolution") {
    const Graph graph = resnet({.depth = 50});
    for (const Node& node : graph.nodes()) {
        if (node.name == "layer2.0.conv1") CHECK(node.out == Dims{56, 56, 128});
        if (node.name == "layer2.0.conv2") CHECK(node.out == Dims{28, 28, 128});
    }
}

TEST_CASE("resnet: other inputs, and impossible options") {
    const Graph graph = resnet({.depth = 18, .classes = 10, .input = {65, 33, 1}});
    CHECK(graph[graph.size() - 3].out == Dims{3, 2, 512});
    CHECK(graph.classes() == 10);
    for (const int depth : {0, 20, 51, 201}) CHECK_THROWS_AS(resnet({.depth = depth}), BadInput);
    for (const double width : {0.0, -1.0, 65.0, std::numeric_limits<double>::quiet_NaN()})
        CHECK_THROWS_AS(resnet({.width = width}), BadInput);
    CHECK_THROWS_AS(resnet({.classes = 0}), BadInput);
}
