#include "engine/nn/graph.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/nn/numerics.hpp"

using namespace nibble;

namespace {

/// conv(bias) -> bn -> relu -> global pool -> linear
Graph small_network() {
    Graph g;
    int x = g.input({6, 5, 3});
    x = g.conv(x, "conv", 4, {3, 2, 2, 1}, true);
    x = g.global_pool(g.relu(g.batch_norm(x, "bn")));
    g.linear(x, "fc", 7);
    return g;
}

Weights zeros(const Graph& graph) {
    Weights weights;
    for (const auto& [name, shape, start] : graph.parameters()) {
        auto values = Array<float>::from_shape(shape);
        values.fill(0);
        weights[name] = values;
    }
    return weights;
}

}  // namespace

TEST_CASE("graph: shapes of every operation") {
    Graph g;
    const int x = g.input({7, 5, 6});
    CHECK(g[g.conv(x, "a", 8, {3, 3, 2, 1})].out == Dims{4, 3, 8});
    CHECK(g[g.conv(x, "b", 2, {7, 5})].out == Dims{1, 1, 2});
    CHECK(g[g.conv(x, "c", 2, {1, 1, 1, 2})].out == Dims{11, 9, 2});
    CHECK(g[g.max_pool(x, {3, 3, 2, 1})].out == Dims{4, 3, 6});
    CHECK(g[g.avg_pool(x, {2, 2, 2})].out == Dims{3, 2, 6});
    CHECK(g[g.shortcut_a(x, 12, 2)].out == Dims{4, 3, 12});
    CHECK(g[g.relu(x)].out == Dims{7, 5, 6});
    CHECK(g[g.batch_norm(x, "bn")].out == Dims{7, 5, 6});
    CHECK(g[g.add(x, x)].out == Dims{7, 5, 6});
    CHECK(g[g.global_pool(x)].out == Dims{1, 1, 6});
    CHECK(g.input_dims() == Dims{7, 5, 6});
}

TEST_CASE("graph: parameters come in the order of the nodes, with torchvision's names and shapes") {
    const std::vector<Parameter> expected{{"conv.weight", {4, 3, 3, 2}, Start::he_normal},
                                          {"conv.bias", {4}, Start::zeros},
                                          {"bn.weight", {4}, Start::ones},
                                          {"bn.bias", {4}, Start::zeros},
                                          {"bn.running_mean", {4}, Start::zeros},
                                          {"bn.running_var", {4}, Start::ones},
                                          {"fc.weight", {7, 4}, Start::uniform},
                                          {"fc.bias", {7}, Start::uniform}};
    CHECK(small_network().parameters() == expected);
    CHECK(small_network().classes() == 7);
    CHECK(is_buffer("bn.running_var"));
    CHECK_FALSE(is_buffer("bn.weight"));
}

TEST_CASE("graph: multiplications of one image") {
    // conv: output (6 + 2 - 3) / 2 + 1 = 3 by (5 + 2 - 2) / 2 + 1 = 3, 4 channels, 3 * 2 * 3 products; fc: 7
    // * 4.
    CHECK(small_network().macs() == 3 * 3 * 4 * (3 * 2 * 3) + 7 * 4);
}

TEST_CASE("graph: shapes that do not fit are refused") {
    Graph g;
    CHECK_THROWS_AS(g.relu(0), BadInput);
    const int x = g.input({4, 4, 3});
    CHECK_THROWS_AS(g.input({4, 4, 3}), BadInput);
    CHECK_THROWS_AS(g.relu(7), BadInput);
    CHECK_THROWS_AS(g.relu(-1), BadInput);
    CHECK_THROWS_AS(g.conv(x, "c", 8, {5, 5}), BadInput);
    CHECK_THROWS_AS(g.conv(x, "c", 8, {3, 3, 0}), BadInput);
    CHECK_THROWS_AS(g.conv(x, "c", 8, {0, 3}), BadInput);
    CHECK_THROWS_AS(g.conv(x, "c", 8, {3, 3, 1, -1}), BadInput);
    CHECK_THROWS_AS(g.conv(x, "c", 8, {1, 1, 1, std::numeric_limits<int>::max()}), BadInput);
    CHECK_THROWS_AS(g.conv(x, "c", 0, {}), BadInput);
    CHECK_THROWS_AS(g.conv(x, "", 8, {}), BadInput);
    CHECK_THROWS_AS(g.linear(x, "fc", 0), BadInput);
    for (int groups : {0, -1, 2, 5}) CHECK_THROWS_AS(g.conv(x, "c", 6, {}, false, groups), BadInput);
    CHECK_THROWS_AS(g.conv(x, "c", 4, {}, false, 3), BadInput);
    CHECK_THROWS_AS(g.clamp(x, {2, 1}), BadInput);
    CHECK_THROWS_AS(g.clamp(x, {-0.0f, 1}), BadInput);
    CHECK_THROWS_AS(g.clamp(x, {std::nanf(""), 1}), BadInput);
    CHECK_THROWS_AS(g.concat({}), BadInput);
    CHECK_THROWS_AS(g.concat({x, g.global_pool(x)}), BadInput);
    CHECK_THROWS_AS(g.slice(x, 2, 2), BadInput);
    CHECK_THROWS_AS(g.slice(x, -1, 2), BadInput);
    CHECK_THROWS_AS(g.slice(x, std::numeric_limits<int>::max(), 1), BadInput);
    CHECK_THROWS_AS(g.shuffle(x, 2), BadInput);
    CHECK_THROWS_AS(g.multiply(x, g.pad(x, 1, 1, 1, 1)), BadInput);
    CHECK_THROWS_AS(g.pad(x, -1, 0, 0, 0), BadInput);
    CHECK_THROWS_AS(g.adaptive_pool(x, 1, -5), BadInput);
    CHECK_THROWS_AS(g.adaptive_pool(x, 0, 1), BadInput);
    CHECK_THROWS_AS(g.local_norm(x, {0, 1, 1, 1}), BadInput);
    CHECK_THROWS_AS(g.dropout(x, 1), BadInput);
    CHECK_THROWS_AS(g.softmax(x), BadInput);
    CHECK_THROWS_AS(g.shortcut_a(x, 2, 2), BadInput);
    CHECK_THROWS_AS(g.shortcut_a(x, 6, 0), BadInput);
    CHECK_THROWS_AS(g.max_pool(x, {2, 2, 2, 2}), BadInput);
    CHECK_THROWS_AS(g.batch_norm(x, "bn", 0.0f), BadInput);
    CHECK_THROWS_AS(g.add(x, g.global_pool(x)), BadInput);
    g.batch_norm(x, "twice");
    CHECK_THROWS_AS(g.batch_norm(x, "twice"), BadInput);
    CHECK_THROWS_AS(Graph().input({0, 4, 3}), BadInput);
    CHECK_THROWS_AS(Graph().input({1 << 16, 1 << 16, 1 << 16}), BadInput);
}

TEST_CASE("graph: check takes exactly the right weights") {
    const Graph g = small_network();
    const Weights good = zeros(g);
    CHECK_NOTHROW(g.check(good));

    Weights bad = good;
    bad.erase("bn.bias");
    CHECK_THROWS_WITH_AS(g.check(bad), doctest::Contains("'bn.bias' is missing"), BadInput);
    bad = good;
    bad["surplus"] = good.at("fc.bias");
    CHECK_THROWS_WITH_AS(g.check(bad), doctest::Contains("no parameter 'surplus'"), BadInput);
    bad = good;
    bad["fc.weight"].reshape({4, 7});
    CHECK_THROWS_WITH_AS(g.check(bad), doctest::Contains("expected 7x4, found 4x7"), BadInput);
    for (const float value :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        bad = good;
        bad["conv.weight"](3, 2, 2, 1) = value;
        CHECK_THROWS_WITH_AS(g.check(bad), doctest::Contains("conv.weight: element 71"), BadInput);
    }
    bad = good;
    bad["bn.running_var"](1) = -1e-3f;
    CHECK_THROWS_WITH_AS(g.check(bad), doctest::Contains("bn.running_var"), BadInput);
}

TEST_CASE("graph: the digest of weights sees names, shapes and values") {
    const Weights base = zeros(small_network());
    CHECK(digest_of(base) == digest_of(Weights(base)));
    Weights other = base;
    other["fc.bias"](3) = -0.0f;  // equal as a number, not as bits
    CHECK(digest_of(other) != digest_of(base));
    other = base;
    other["fc.weight"].reshape({4, 7});
    CHECK(digest_of(other) != digest_of(base));
    other = base;
    auto moved = other.extract("fc.bias");
    moved.key() = "fc.bia2";
    other.insert(std::move(moved));
    CHECK(digest_of(other) != digest_of(base));
}

TEST_CASE("numerics: names") {
    for (const Numerics n : {Numerics::f32, Numerics::bf16}) CHECK(numerics_from(to_string(n)) == n);
    for (const char* bad : {"", "F32", "f64", "bf16 "}) CHECK_THROWS_AS(numerics_from(bad), BadInput);
}
