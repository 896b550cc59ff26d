// The cost model by hand on a small network, and on the networks of the aqt paper. The integers for ResNet-50
// are those of the unit tests of the paper's code; the tables of the other depths and widths were computed
// from its formulas, and are compared as they were printed.
#include "engine/quant/cost.hpp"

#include <doctest/doctest.h>

#include <cstdio>

#include "engine/core/error.hpp"
#include "engine/models/catalog.hpp"

using namespace nibble;

namespace {

NetworkCost cost(const std::string& model, const std::string& bits) {
    return cost_of(make_model(model), network_bits_from(bits));
}

Cost total(const std::string& model, const std::string& bits) {
    return cost(model, bits).total;
}

/// a / b with so many decimals.
std::string ratio(std::uint64_t a, std::uint64_t b, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, static_cast<double>(a) / static_cast<double>(b));
    return text;
}

}  // namespace

TEST_CASE("cost: a small network by hand") {
    Graph g;
    const int x = g.conv(g.input({5, 5, 3}), "stem", 7, {3, 3, 2, 1},
                         /*bias=*/true);
    const int left = g.conv(g.batch_norm(x, "bn"), "left", 9, {});
    const int right = g.conv(x, "right", 9, {});
    g.linear(g.global_pool(g.relu(g.add(left, right))), "head", 10);

    const NetworkCost c =
        cost_of(g, {{"stem", {8, 8}}, {"left", {3, 5}}, {"right", {4, 3}}, {"head", {1, 16}}});
    REQUIRE(c.layers.size() == 4);
    CHECK(c.layers[0].name == "stem");
    CHECK(c.layers[3].bits == OperandBits{1, 16});
    // 3 x 3 pixels of 3 x 3 x 3 x 7 products
    CHECK(c.layers[0].cost == Cost{1701, 189, 1701 * 8, 1701 * 64, 189 * 8, 75 * 8});
    CHECK(c.layers[1].cost == Cost{567, 63, 567 * 8, 567 * 15, 63 * 3, 63 * 5});
    CHECK(c.layers[2].cost == Cost{567, 63, 567 * 4, 567 * 12, 63 * 4, 63 * 3});
    CHECK(c.layers[3].cost == Cost{90, 90, 90 * 16, 90 * 16, 90, 9 * 16});
    Cost sum;
    for (const LayerCost& layer : c.layers) sum += layer.cost;
    CHECK(c.total == sum);
    CHECK(c.total.multiplications == g.macs());
    CHECK(bytes_of(sum.weight_memory) == (1512 + 189 + 252 + 90 + 7) / 8);
    CHECK(bytes_of(8) == 1);
    CHECK(bytes_of(9) == 2);
}

TEST_CASE("cost: channels of extra terms multiply and are stored once more, others do not") {
    Graph g;
    const int x = g.conv(g.input({4, 4, 3}), "a", 8, {3, 3, 1, 1});
    g.linear(g.global_pool(x), "b", 5);
    Quantization q;
    QuantizedWeights& a = q.layers["a"] = {scheme_from("s4x2-pc"), {8, 3, 3, 3}, {}, {}, {}};
    a.extra = {{{1, 6}, {}, {}}};
    q.edges[{1, 0}] = make_quantizer(scheme_from("u4-pt"), 1);
    const NetworkCost c = cost_of(g, q, 32);
    CHECK(c.layers[0].extra_channels == 2);
    CHECK(c.layers[0].bits == OperandBits{4, 4});
    const std::uint64_t weights = 27 * (8 + 2), macs = 16 * weights;  // (1 + 0.25) times those of 8 channels
    CHECK(c.layers[0].cost == Cost{macs, weights, macs * 4, macs * 16, weights * 4, 48 * 4});
    CHECK(c.layers[1].extra_channels == 0);
    CHECK(c.layers[1].cost == Cost{40, 40, 40 * 32, 40 * 1024, 40 * 32, 8 * 32});
    const BitsByLayer bits = bits_by_layer(g, q, 32);
    CHECK_THROWS_WITH_AS(cost_of(g, bits, {{"c", 1}}), doctest::Contains("c: extra channels"), BadInput);
}

TEST_CASE("cost: the classes of the linear model") {
    Graph g;
    g.conv(g.input({1, 1, 1}), "c", 1, {});
    for (int w = 1; w <= 32; ++w)
        for (int a = 1; a <= 32; ++a) {
            const int bits = std::max(w, a);
            const std::uint64_t expected = bits <= 4 ? 4 : bits <= 8 ? 8 : bits <= 16 ? 16 : 32;
            const Cost c = cost_of(g, BitsByLayer{{"c", {w, a}}}).total;
            CHECK(c.linear == expected);
            CHECK(c.quadratic == static_cast<std::uint64_t>(w * a));
        }
}

TEST_CASE("cost: bits for other layers than the graph's are refused") {
    Graph g;
    g.conv(g.input({1, 1, 1}), "c", 1, {});
    CHECK_THROWS_WITH_AS(cost_of(g, BitsByLayer{}), doctest::Contains("c: no bits"), BadInput);
    CHECK_THROWS_AS(cost_of(g, BitsByLayer{{"c", {4, 4}}, {"d", {4, 4}}}), BadInput);
    for (const OperandBits bits : {OperandBits{0, 4}, {4, 0}, {33, 4}, {4, -1}})
        CHECK_THROWS_WITH_AS(cost_of(g, BitsByLayer{{"c", bits}}), doctest::Contains("1 to 32"), BadInput);
}

TEST_CASE("cost: padding changes nothing") {
    // 8 x 8 to 4 x 4 with a padding of 1, as is usual, and with none but 9 x 9 pixels: what one side would
    // give.
    const Window padded{3, 3, 2, 1};
    const Window bare{3, 3, 2, 0};
    Graph a, b;
    a.conv(a.input({8, 8, 5}), "c", 6, padded);
    b.conv(b.input({9, 9, 5}), "c", 6, bare);
    const NetworkBits bits = network_bits_from("w4a4");
    CHECK(cost_of(a, bits).total.quadratic == cost_of(b, bits).total.quadratic);
    CHECK(cost_of(a, bits).total.weight_memory == cost_of(b, bits).total.weight_memory);
}

TEST_CASE("cost: ResNet-50 as in the tests of the paper's code") {
    struct Known {
        const char* bits;
        std::uint64_t quadratic, memory;
        const char *quadratic_ratio, *memory_ratio;
    };
    const Cost bf16 = total("resnet50-imagenet", "bf16");
    for (const Known& known : {Known{"bf16", 1'046'831'169'536, 408'046'592, "1.00000", "1.00"},
                               {"w8a16", 523'415'584'768, 204'023'296, "0.50000", "0.50"},
                               {"w4a16", 261'707'792'384, 102'011'648, "0.25000", "0.25"},
                               {"w8a8", 261'707'792'384, 204'023'296, "0.25000", "0.50"},
                               {"w4a4", 65'426'948'096, 102'011'648, "0.06250", "0.25"},
                               {"w4a2", 32'713'474'048, 102'011'648, "0.03125", "0.25"}}) {
        CAPTURE(known.bits);
        const Cost c = total("resnet50-imagenet", known.bits);
        CHECK(c.quadratic == known.quadratic);
        CHECK(c.weight_memory == known.memory);
        CHECK(ratio(c.quadratic, bf16.quadratic, 5) == known.quadratic_ratio);
        CHECK(ratio(c.weight_memory, bf16.weight_memory, 2) == known.memory_ratio);
    }
}

TEST_CASE("cost: the depths of the paper, 4 bits with 8-bit ends") {
    struct Known {
        const char* model;
        std::uint64_t multiplications, weights;
        const char *ends_percent, *linear, *quadratic, *memory;
    };
    for (const Known& known : {
             Known{"resnet29-imagenet", 2'560'622'592, 17'077'440, "4.69", "0.26172", "0.071291", "0.28012"},
             {"resnet50-imagenet", 4'089'184'256, 25'502'912, "2.94", "0.25734", "0.068005", "0.27017"},
             {"resnet101-imagenet", 7'801'405'440, 44'442'816, "1.54", "0.25385", "0.065386", "0.26157"},
             {"resnet152-imagenet", 11'513'626'624, 60'040'384, "1.04", "0.25261", "0.064455", "0.25857"},
             {"resnet200-imagenet", 15'007'481'856, 64'496'832, "0.80", "0.25200", "0.064000", "0.25797"},
         }) {
        CAPTURE(known.model);
        const Cost bf16 = total(known.model, "bf16");
        const NetworkCost low = cost(known.model, "w4a4e8");
        CHECK(bf16.multiplications == known.multiplications);
        CHECK(bf16.weights == known.weights);
        const std::uint64_t ends =
            low.layers.front().cost.multiplications + low.layers.back().cost.multiplications;
        CHECK(ratio(100 * ends, known.multiplications, 2) == known.ends_percent);
        CHECK(ratio(low.total.linear, bf16.linear, 5) == known.linear);
        CHECK(ratio(low.total.quadratic, bf16.quadratic, 6) == known.quadratic);
        CHECK(ratio(low.total.weight_memory, bf16.weight_memory, 5) == known.memory);
    }
}

TEST_CASE("cost: depths and widths beside ResNet-50 in bf16") {
    struct Known {
        const char *model, *bf16, *w8_linear, *w4_linear, *w8_quadratic, *w4_quadratic;
    };
    const Cost one = total("resnet50-imagenet", "bf16");
    for (const Known& known : {
             Known{"resnet29-w0.5-imagenet", "0.1822", "0.0911", "0.0528", "0.0456", "0.0168"},
             {"resnet29-imagenet", "0.6262", "0.3131", "0.1639", "0.1565", "0.0446"},
             {"resnet50-w0.5-imagenet", "0.2757", "0.1378", "0.0762", "0.0689", "0.0227"},
             {"resnet50-imagenet", "1.0000", "0.5000", "0.2573", "0.2500", "0.0680"},
             {"resnet50-w2-imagenet", "3.8810", "1.9405", "0.9777", "0.9703", "0.2482"},
             {"resnet101-imagenet", "1.9078", "0.9539", "0.4843", "0.4770", "0.1247"},
             {"resnet152-imagenet", "2.8156", "1.4078", "0.7112", "0.7039", "0.1815"},
             {"resnet200-imagenet", "3.6700", "1.8350", "0.9249", "0.9175", "0.2349"},
         }) {
        CAPTURE(known.model);
        const Cost w8 = total(known.model, "w8a8"), w4 = total(known.model, "w4a4e8");
        CHECK(ratio(total(known.model, "bf16").linear, one.linear, 4) == known.bf16);
        CHECK(ratio(w8.linear, one.linear, 4) == known.w8_linear);
        CHECK(ratio(w4.linear, one.linear, 4) == known.w4_linear);
        CHECK(ratio(w8.quadratic, one.quadratic, 4) == known.w8_quadratic);
        CHECK(ratio(w4.quadratic, one.quadratic, 4) == known.w4_quadratic);
    }
}
