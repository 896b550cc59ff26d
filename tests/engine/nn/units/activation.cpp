// Network::activation() against the same small network written out with loops.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/core/bf16.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/network.hpp"
#include "tests/helpers/networks.hpp"

namespace nibble {
namespace {

using Values = std::vector<double>;

Graph example() {
    Graph g;
    int x = g.input({5, 4, 2});                     // 0
    x = g.conv(x, "a", 3, {3, 3, 1, 1}, true);      // 1
    x = g.relu(g.batch_norm(x, "bn"));              // 2, 3
    x = g.max_pool(x, {2, 2, 1});                   // 4
    x = g.add(g.conv(x, "b", 3, {1, 1, 1, 0}), x);  // 5, 6
    g.linear(g.global_pool(x), "c", 4);             // 7, 8
    return g;
}

/// What each node computes, in double, one loop for each operation.
std::vector<Values> naive(const Graph& g, const Weights& weights, const std::vector<float>& image) {
    std::vector<Values> all;
    const auto parameter = [&](const std::string& name, std::size_t i) {
        return double{weights.at(name).data()[i]};
    };
    for (const Node& node : g.nodes()) {
        const Dims out = node.out;
        Values v(out.size());
        const Values* in = node.inputs.empty() ? nullptr : &all[static_cast<std::size_t>(node.inputs[0])];
        const Dims from = node.inputs.empty() ? Dims{} : g[node.inputs[0]].out;
        const Window w = node.op == Op::global_pool ? Window(from.h, from.w) : node.window;
        for (int r = 0; r < out.h; ++r)
            for (int c = 0; c < out.w; ++c)
                for (int o = 0; o < out.c; ++o) {
                    const std::size_t at = (static_cast<std::size_t>(r) * out.w + c) * out.c + o;
                    const auto channel = static_cast<std::size_t>(o);
                    double sum = 0, largest = -INFINITY;
                    const auto for_taps = [&](auto&& visit) {
                        for (int i = 0; i < w.rows.kernel; ++i)
                            for (int j = 0; j < w.cols.kernel; ++j) {
                                const int row = r * w.rows.stride - w.rows.before + i,
                                          col = c * w.cols.stride - w.cols.before + j;
                                if (row < 0 || col < 0 || row >= from.h || col >= from.w) continue;
                                visit(i, j, (static_cast<std::size_t>(row) * from.w + col) * from.c);
                            }
                    };
                    switch (node.op) {
                        case Op::input:
                            v[at] = image[at];
                            break;
                        case Op::conv:
                        case Op::linear:
                            for_taps([&](int i, int j, std::size_t pixel) {
                                for (int k = 0; k < from.c; ++k)
                                    sum +=
                                        (*in)[pixel + k] *
                                        parameter(
                                            node.name + ".weight",
                                            ((channel * from.c + k) * w.rows.kernel + i) * w.cols.kernel + j);
                            });
                            v[at] = sum + (node.bias ? parameter(node.name + ".bias", channel) : 0);
                            break;
                        case Op::batch_norm:
                            v[at] = ((*in)[at] - parameter("bn.running_mean", channel)) /
                                        std::sqrt(parameter("bn.running_var", channel) + node.eps) *
                                        parameter("bn.weight", channel) +
                                    parameter("bn.bias", channel);
                            break;
                        case Op::clamp:
                            v[at] = std::max((*in)[at], 0.0);
                            break;
                        case Op::add:
                            v[at] = (*in)[at] + all[static_cast<std::size_t>(node.inputs[1])][at];
                            break;
                        case Op::max_pool:
                            for_taps([&](int, int, std::size_t p) {
                                largest = std::max(largest, (*in)[p + channel]);
                            });
                            v[at] = largest;
                            break;
                        default:
                            for_taps([&](int, int, std::size_t p) { sum += (*in)[p + channel]; });
                            v[at] = sum / w.taps();
                    }
                }
        all.push_back(std::move(v));
    }
    return all;
}

TEST_CASE("activation: what every node computes, in f32 and in bf16; nothing for nodes inside fused layers") {
    const Graph graph = example();
    Weights weights = test::random_weights(graph, 4), none;
    // Operands that bfloat16 holds exactly, so that only what lies between is rounded.
    for (const char* name : {"a.weight", "b.weight", "c.weight"})
        for (float& v : weights.at(name)) v = to_float(to_bf16(v));
    auto images = test::random_images(graph.input_dims(), 2, 4);
    for (float& v : images) v = to_float(to_bf16(v));

    for (const Numerics numerics : {Numerics::f32, Numerics::bf16}) {
        Network network(graph, numerics, Network::Mode::evaluation, 0, weights, none);
        // Two workers, two images: each worker answers for its own.
        const std::size_t size = graph.input_dims().size();
        const int workers = std::min(threads(), 2);
        std::vector<float> logits(4);
        for (int worker = 0; worker < workers; ++worker)
            network.infer(images.data() + static_cast<std::size_t>(worker) * size, logits, worker);
        for (int worker = 0; worker < workers; ++worker) {
            const std::vector<float> image(images.begin() + worker * static_cast<std::ptrdiff_t>(size),
                                           images.begin() + (worker + 1) * static_cast<std::ptrdiff_t>(size));
            const auto expected = naive(graph, weights, image);
            for (int node = 0; node < graph.size(); ++node) {
                const auto found = network.activation(node, worker);
                const bool fused = node == 1 || node == 2 || node == 5;
                CAPTURE(node);
                CHECK(found.empty() == fused);
                if (fused) continue;
                const auto& exact = expected[static_cast<std::size_t>(node)];
                REQUIRE(found.size() == exact.size());
                double largest = 0;
                for (double v : exact) largest = std::max(largest, std::abs(v));
                // bfloat16 has 8 bits; up to four roundings lie on the way.
                const double tolerance = (numerics == Numerics::f32 ? 1e-5 : 0.02) * largest;
                for (std::size_t i = 0; i < found.size(); ++i)
                    CHECK(std::abs(double{found[i]} - exact[i]) <= tolerance);
            }
            CHECK(network.activation(0, worker) == image);
        }
        CHECK(network.activation(graph.size() - 1, workers - 1) == logits);
    }
}

}  // namespace
}  // namespace nibble
