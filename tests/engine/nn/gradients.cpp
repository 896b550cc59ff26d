// Every operation's gradients against finite differences of the loss. Smooth networks agree closely; a ReLU
// or a maximum that changes sides within the step costs some.
#include <doctest/doctest.h>

#include "engine/models/resnet_cifar.hpp"
#include "tests/helpers/finite_difference.hpp"

using namespace nibble;

namespace {

constexpr double kSmooth = 2e-3;
constexpr double kKinked = 2e-2;
// Seven layers of ReLUs, each with some values that change sides within the step: 0.028 and 0.035 were
// measured, and the bound was set after that; leaving out the shortcuts' gradient gives 1.2. The same kind of
// networks is held to tight bounds against PyTorch in tests/oracle.
constexpr double kDeep = 6e-2;

/// A convolution in front (whose gradient passes through everything behind it), `middle`, and a linear layer.
template <class Middle>
double error_of(Dims input, int channels, Middle middle) {
    Graph g;
    int x = g.conv(g.input(input), "front", channels, {3, 3, 1, 1});
    x = middle(g, x);
    g.linear(g.global_pool(x), "linear", 5);
    return test::worst_gradient_error(g);
}

}  // namespace

TEST_CASE("gradients: linear and global pooling") {
    CHECK(error_of({6, 5, 3}, 7, [](Graph&, int x) { return x; }) < kSmooth);
}

TEST_CASE("gradients: convolutions of every kernel, stride and padding") {
    for (const Window w :
         {Window{1, 1, 1, 0}, Window{3, 3, 1, 1}, Window{3, 3, 2, 1}, Window{1, 1, 2, 0}, Window{5, 3, 1, 2},
          Window{2, 4, 2, 1}, Window{3, 3, 3, 0}, Window{2, 2, 3, 1}, Window{{3, 2, 0, 1}, {2, 3, 1, 0}},
          Window{{4, 1, 3, 0}, {1, 2, 0, 2}}, Window{{2, 3, 1, 2}, {5, 1, 0, 4}}}) {
        CAPTURE(w.rows.kernel);
        CAPTURE(w.cols.kernel);
        CHECK(error_of({9, 8, 3}, 6, [&](Graph& g, int x) { return g.conv(x, "middle", 17, w, true); }) <
              kSmooth);
    }
}

TEST_CASE("gradients: batch norm") {
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) { return g.batch_norm(x, "norm"); }) < kSmooth);
}

TEST_CASE("gradients: ReLU, with batch norm and without") {
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) { return g.relu(x); }) < kKinked);
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) {
              x = g.relu(g.batch_norm(x, "norm"));
              return g.conv(x, "behind", 9, {3, 3, 1, 1});
          }) < kKinked);
}

TEST_CASE("gradients: additions, read by several") {
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) {
              x = g.batch_norm(x, "norm");
              const int a = g.conv(x, "a", 10, {3, 3, 1, 1});
              const int b = g.add(a, x);
              const int c = g.batch_norm(g.conv(b, "c", 10, {1, 1, 1, 0}), "c_norm");
              return g.add(g.conv(g.add(c, b), "d", 10, {3, 3, 1, 1}), b);
          }) < kSmooth);
}

TEST_CASE("gradients: option-A shortcuts") {
    for (const int stride : {1, 2, 3}) {
        CAPTURE(stride);
        CHECK(error_of({7, 7, 3}, 5, [&](Graph& g, int x) {
                  x = g.batch_norm(x, "norm");
                  const int y = g.conv(x, "a", 12, {3, 3, stride, 1});
                  return g.add(y, g.shortcut_a(x, 12, stride));
              }) < kSmooth);
    }
}

TEST_CASE("gradients: pooling") {
    for (const Window w :
         {Window{2, 2, 2, 0}, Window{3, 3, 2, 1}, Window{3, 2, 1, 1}, Window{{3, 2, 0, 2}, {2, 1, 1, 0}}}) {
        CHECK(error_of({8, 7, 3}, 6, [&](Graph& g, int x) { return g.avg_pool(x, w); }) < kSmooth);
        CHECK(error_of({8, 7, 3}, 6, [&](Graph& g, int x) { return g.max_pool(x, w); }) < kKinked);
    }
}

TEST_CASE("gradients: convolutions in groups and with dilation") {
    const auto conv = [](Window window, int channels, int groups) {
        return error_of({9, 8, 3}, 12,
                        [&](Graph& g, int x) { return g.conv(x, "middle", channels, window, true, groups); });
    };
    CHECK(conv({3, 3, 1, 1}, 12, 12) < kSmooth);
    CHECK(conv({3, 3, 2, 1}, 24, 12) < kSmooth);
    CHECK(conv({2, 3, 2, 1}, 18, 3) < kSmooth);
    CHECK(conv({{3, 1, 2, 2, 2}, {2, 1, 1, 2, 3}}, 7, 1) < kSmooth);
    CHECK(conv({{3, 2, 1, 2, 2}, {3, 3, 4, 0, 2}}, 8, 2) < kSmooth);
}

TEST_CASE("gradients: batch norm, additions and clamps behind any value") {
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) {
              x = g.batch_norm(g.batch_norm(x, "a"), "b");
              const int y = g.add(g.batch_norm(g.avg_pool(x, {3, 3, 1, 1}), "c"), x);
              return g.add(g.add(y, y), x);
          }) < kSmooth);
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) { return g.batch_norm(g.relu(x), "a"); }) < kKinked);
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) {
              return g.clamp(g.batch_norm(x, "a"), {-1, 1.5f});
          }) < kKinked);
}

TEST_CASE("gradients: functions of one element") {
    for (const Op op : {Op::sigmoid, Op::silu})
        CHECK(error_of({6, 6, 3}, 10, [&](Graph& g, int x) { return g.function(op, g.batch_norm(x, "a")); }) <
              kSmooth);
    for (const Op op : {Op::hard_sigmoid, Op::hard_swish})
        CHECK(error_of({6, 6, 3}, 10, [&](Graph& g, int x) {
                  const int wide = g.add(g.batch_norm(x, "a"), g.batch_norm(x, "b"));
                  return g.function(op, wide);
              }) < kKinked);
    CHECK(error_of({6, 6, 3}, 10, [](Graph& g, int x) { return g.leaky_relu(g.batch_norm(x, "a"), 0.2f); }) <
          kKinked);
}

TEST_CASE("gradients: products of values, moved channels, padding and other poolings") {
    CHECK(error_of({6, 6, 3}, 8, [](Graph& g, int x) {
              x = g.batch_norm(x, "a");
              return g.multiply(g.multiply(x, g.function(Op::sigmoid, g.global_pool(x))), x);
          }) < kSmooth);
    CHECK(error_of({6, 6, 3}, 12, [](Graph& g, int x) {
              const int y = g.slice(x, 3, 6), z = g.shuffle(g.concat({y, x, g.batch_norm(y, "a")}), 4);
              return g.add(z, g.concat({g.slice(z, 20, 4), g.slice(z, 0, 20)}));
          }) < kSmooth);
    CHECK(error_of({7, 6, 3}, 5, [](Graph& g, int x) {
              return g.avg_pool(g.adaptive_pool(g.pad(x, 1, 0, 2, 1), 5, 4), {3, 2, 1, 1}, false);
          }) < kSmooth);
    CHECK(error_of({7, 6, 3}, 5, [](Graph& g, int x) {
              return g.conv(g.linear(x, "hidden", 9), "onwards", 6, {}, true);
          }) < kSmooth);
    CHECK(error_of({7, 6, 3}, 5, [](Graph& g, int x) { return g.shortcut_a(g.batch_norm(x, "a"), 9, 2); }) <
          kSmooth);
}

TEST_CASE("gradients: whole residual networks") {
    for (const Shortcut shortcut : {Shortcut::option_a, Shortcut::projection, Shortcut::none}) {
        const Graph g = resnet_cifar({.depth = 8, .width = 0.5, .shortcut = shortcut, .input = {8, 8, 3}});
        CHECK(test::worst_gradient_error(g) < kDeep);
    }
}
