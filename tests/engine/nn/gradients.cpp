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

TEST_CASE("gradients: whole residual networks") {
    for (const Shortcut shortcut : {Shortcut::option_a, Shortcut::projection, Shortcut::none}) {
        const Graph g = resnet_cifar({.depth = 8, .width = 0.5, .shortcut = shortcut, .input = {8, 8, 3}});
        CHECK(test::worst_gradient_error(g) < kDeep);
    }
}
