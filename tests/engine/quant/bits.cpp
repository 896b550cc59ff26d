#include "engine/quant/bits.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/models/catalog.hpp"

using namespace nibble;

namespace {

/// Three layers and a residual.
Graph small_graph() {
    Graph g;
    const int x = g.relu(g.conv(g.input({4, 4, 3}), "stem", 8, {3, 3, 1, 1}));
    const int y = g.add(g.conv(x, "body", 8, {}), x);
    g.linear(g.global_pool(y), "head", 10);
    return g;
}

}  // namespace

TEST_CASE("bits: the names mean what they say") {
    const auto same = [](OperandBits bits) { return NetworkBits{bits, bits, bits}; };
    CHECK(network_bits_from("f32") == same({32, 32}));
    CHECK(network_bits_from("bf16") == same({16, 16}));
    CHECK(network_bits_from("w8a8") == same({8, 8}));
    CHECK(network_bits_from("w4a4") == same({4, 4}));
    CHECK(network_bits_from("w4a2") == same({4, 2}));
    CHECK(network_bits_from("w1a16") == same({1, 16}));
    CHECK(network_bits_from("w4a4e8") == NetworkBits{{8, 8}, {4, 4}, {8, 8}});
    CHECK(network_bits_from("w2a8e8") == NetworkBits{{8, 8}, {2, 8}, {8, 8}});
    // Activations that nobody quantizes stay so at the ends.
    CHECK(network_bits_from("w4a16e8") == NetworkBits{{8, 16}, {4, 16}, {8, 16}});
    CHECK(network_bits_of(Numerics::f32) == network_bits_from("f32"));
    CHECK(network_bits_of(Numerics::bf16) == network_bits_from("bf16"));
    for (const char* name : {"f32", "bf16", "w8a8", "w4a16", "w1a1"})
        CHECK(to_string(network_bits_from(name).inner) == name);
}

TEST_CASE("bits: everything else is refused") {
    for (const char* name :
         {"",      "w4",     "a4",     "w4a",    "wa4",    "w0a4",   "w4a0",    "w9a8",  "w8a9",
          "w04a4", "w4a4 ",  " w4a4",  "W4A4",   "w4a4e",  "w4a4e4", "w4a4e8 ", "w-4a4", "w4.0a4",
          "a4w4",  "w32a32", "w16a16", "w8a8e8", "bf16e8", "f16",    "w4a4e8e8"}) {
        CAPTURE(name);
        CHECK_THROWS_WITH_AS(network_bits_from(name), doctest::Contains("w4a4e8"), BadInput);
    }
}

TEST_CASE("bits: layers are first, last and between") {
    const BitsByLayer bits = bits_by_layer(small_graph(), network_bits_from("w4a2e8"));
    CHECK(bits == BitsByLayer{{"stem", {8, 8}}, {"body", {4, 2}}, {"head", {8, 8}}});

    const Graph resnet = make_model("resnet50-imagenet");
    const BitsByLayer ends = bits_by_layer(resnet, network_bits_from("w4a4e8"));
    CHECK(ends.size() == 54);
    for (const auto& layer : ends) {
        CAPTURE(layer.first);
        const bool end = layer.first == "conv1" || layer.first == "fc";
        CHECK(layer.second == (end ? OperandBits{8, 8} : OperandBits{4, 4}));
    }
}

TEST_CASE("bits: as a method decided") {
    const Graph g = small_graph();
    Quantization q;
    q.layers["stem"].scheme = scheme_from("s8-pc");
    q.layers["body"].scheme = scheme_from("s4x2-pc");  // two terms of 4 bits
    q.layers["head"].scheme = scheme_from("t-g4");
    for (int i = 0; i < g.size(); ++i)
        if (g[i].name == "body") q.edges[{i, 0}] = make_quantizer(scheme_from("u3-pt"), 1);
    // An addition's operand is no operand of a product.
    for (int i = 0; i < g.size(); ++i)
        if (g[i].op == Op::add) q.edges[{i, 0}] = make_quantizer(scheme_from("u5-pt"), 1);
    CHECK(bits_by_layer(g, q, 32) == BitsByLayer{{"stem", {8, 32}}, {"body", {4, 3}}, {"head", {2, 32}}});
    q.layers.erase("stem");
    CHECK(bits_by_layer(g, q, 16).at("stem") == OperandBits{16, 16});
}
