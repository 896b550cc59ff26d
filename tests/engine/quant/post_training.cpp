#include "engine/quant/post_training.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/input_codes.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "tests/helpers/networks.hpp"

using namespace nibble;

namespace {
constexpr std::size_t kImages = 12;

/// ResNet-8 on small images, with random weights.
struct Fixture {
    Graph graph = make_model("resnet8-w0.25", 10, {9, 8, 3});
    Weights weights = test::random_weights(graph, 1);
    std::vector<float> images = test::random_images(graph.input_dims(), kImages, 1),
                       augmented = test::random_images(graph.input_dims(), kImages, 2);

    Diagnosed run(const std::string& family, const std::string& settings) const {
        return post_train(*post_training_method(family, settings), graph, weights, images, augmented);
    }
};

std::vector<float> logits_in_f32(const PostTrained& network, const std::vector<float>& images) {
    const Graph& graph = network.network.graph;
    std::vector<float> logits(kImages * static_cast<std::size_t>(graph.classes()));
    Predictor(graph, rounded_weights(network), Numerics::f32,
              std::make_unique<InputQuantizers>(graph, network.quantization.edges))
        .logits(images, logits);
    return logits;
}

/// Executed as deployment does.
std::vector<float> logits_of(const PostTrained& network, const std::vector<float>& images) {
    if (!runs_as_integers(network)) return logits_in_f32(network, images);
    const auto& [graph, weights, node_of] = network.network;
    std::vector<float> logits(kImages * static_cast<std::size_t>(graph.classes()));
    IntegerExecutor(lower(graph, weights, network.quantization)).logits(images, logits);
    return logits;
}

std::string digest_of(const Fixture& fixture, const std::string& family,
                      const std::vector<std::string>& methods, bool curves) {
    Digest digest;
    for (const std::string& settings : methods) {
        const Diagnosed result = fixture.run(family, settings);
        const auto logits = logits_of(result.network, fixture.images);
        digest.add(settings).add(std::span<const float>(logits));
        digest.add(nibble::digest_of(rounded_weights(result.network)));
        if (curves)
            for (const auto& [name, curve] : result.network.curves)
                for (const auto& [x, y] : curve) digest.add(name).add(std::span<const double>(&y, 1));
    }
    return digest.hex();
}

/// What pins each golden entry.
struct GoldenEntry {
    const char* name;
    const char* family;
    std::vector<std::string> methods;
    bool curves = false;  ///< pinned, too
};
const std::vector<GoldenEntry> kGolden = {
    {"mmse",
     "mmse",
     {"f32", "w8a8", "w4a4e8", "w3a5-pt-wgrid", "w2a4-wgolden-r8", "a4e8", "w4e8-walternating"}},
    {"mmse dual", "mmse", {"w4-dual50", "w3e8-dual20"}},
    {"equalization", "mmse", {"w8a8-pt-cle-wmaxabs", "w4a8e8-cle-bc", "w4e8-pt-cle"}},
    {"max-abs full", "mmse", {"w4e8-wmaxabsfull", "w3-pt-wmaxabsfull"}},
    {"unbiased", "mmse", {"w3e8-unbiased", "w4a4-dual50-unbiased", "w3-pt-unbiased-bc"}},
    {"gptq", "mmse", {"w3e8-gptq", "w4a4e8-pt-gptq-bc", "w3a8-wmaxabs-gptq-r8-bnfloat"}},
    {"gptq float", "mmse", {"w3e8-gptqfloat", "w4a4e8-pt-gptqfloat-aasym", "w3a8-wmaxabs-gptqfloat-r8"}},
    {"activations by channel", "mmse", {"w4a4-gptqfloat-aasym-apc", "w3a8e8-gptqfloat-apc"}},
    {"zero point", "mmse", {"w4a4e8-aasym", "a4-aasym", "w3a8-aasym-r4"}},
    {"batch norm", "mmse", {"w3e8-bnplain", "w4a4-bnplain", "w3e8-bnfloat"}},
    {"batch norm augmented", "mmse", {"w3e8-bn", "w4a4-bn"}},
    {"bias correction", "mmse", {"w3e8-bc", "w4a4-bc"}},
    {"curves by layer", "mmse", {"w3e8-bc", "w4a4-unbiased-bc", "a4-bc"}, true},
    {"refinement", "mmse", {"w3e8-refined", "w4a4-refined"}},
    {"clipping", "mmse", {"w4a4e8-wmaxabs-amaxabs", "a4-akl", "a4-aaciq", "a4-apercentile99.9"}},
    {"fgq",
     "fgq",
     {"f32", "g4a8", "g64a4-twn", "g2-exp-t", "g4a8-oldbn", "g4a8-plainbn", "g4a8-matchbn", "g4a4-emax",
      "g3-oldbn", "w4a8"}}};
}  // namespace

// Results of post-training cells are keyed by these digests: a change here is a change of bits.
// NIBBLE_BLESS=1 rewrites the file on purpose.
TEST_CASE("golden post-training quantization") {
    const Fixture fixture;
    Json now;
    for (const auto& [name, family, methods, curves] : kGolden)
        now[name] = digest_of(fixture, family, methods, curves);
    const std::string path = NIBBLE_SOURCE_DIR "/tests/golden/post_training.json";
    if (std::getenv("NIBBLE_BLESS")) write_json(path, now);
    CHECK(read_json(path) == now);
    for (const auto& [name, family, methods, curves] : kGolden)
        for (const std::string& settings : methods)
            for (const std::string& entry : post_training_method(family, settings)->golden())
                CHECK(now.contains(entry));
}

TEST_CASE("a method is found by family and settings, and unknown ones are told which there are") {
    CHECK(post_training_method("mmse", "w4a4e8")->text() == "w4a4e8");
    CHECK(post_training_method("cle", "w4a4e8")->text() == "w4a4e8-cle");
    for (const char* refused : {"f32", "w4-bn"})
        CHECK_THROWS_AS(post_training_method("cle", refused), BadInput);
    CHECK_THROWS_WITH_AS(post_training_method("magic", "w4a4e8"), doctest::Contains("mmse"), BadInput);
    CHECK_THROWS_WITH_AS(post_training_method("mmse", "w99"), doctest::Contains("'w99'"), BadInput);
}

TEST_CASE("nothing quantized is the float network, bit for bit") {
    const Fixture f;
    const Diagnosed result = f.run("mmse", "f32");
    std::vector<float> expected(kImages * 10);
    const FoldedNetwork folded = fold_batch_norm(f.graph, f.weights);
    Predictor(folded.graph, folded.weights, Numerics::f32).logits(f.images, expected);
    CHECK(logits_of(result.network, f.images) == expected);
    for (const LayerDiagnosis& layer : result.layers) CHECK(layer.bits_per_weight == 32);
    CHECK(bits_per_weight(result.layers, f.graph) == 32);
    CHECK(product_overhead(result.network) == 1);
}

TEST_CASE("each layer is diagnosed: 8 bits are nearer than 4, ends at 8 bits stand out") {
    const Fixture f;
    const auto four = f.run("mmse", "w4a4e8").layers, eight = f.run("mmse", "w8a8").layers;
    REQUIRE(four.size() == eight.size());
    CHECK(to_string(*four.front().weights) == "s8-pc");
    CHECK(to_string(*four[1].weights) == "s4-pc");
    CHECK(to_string(four.front().input->scheme) == "s8-pt");
    CHECK(to_string(four[1].input->scheme) == "u4-pt");
    for (std::size_t i = 1; i + 1 < four.size(); ++i) {
        CHECK(eight[i].weight_error < four[i].weight_error / 50);
        CHECK(*eight[i].input_error < *four[i].input_error / 50);
        CHECK(four[i].weight_error > 0);
    }
    // 4 bits a weight and 32 an output channel, 8 and 32 in the ends.
    double bits = 0, weights = 0;
    for (const Node& node : f.graph.nodes()) {
        if (node.op != Op::conv && node.op != Op::linear) continue;
        const auto n = static_cast<double>(f.weights.at(node.name + ".weight").size());
        const bool end = node.name == four.front().name || node.name == four.back().name;
        bits += n * (end ? 8 : 4) + 32 * node.out.c;
        weights += n;
    }
    CHECK(bits_per_weight(four, f.graph) == doctest::Approx(bits / weights));
}

TEST_CASE("sums cost what the overhead model says") {
    const Fixture f;
    const auto all = f.run("mmse", "w4-dual100");
    CHECK(product_overhead(all.network) == doctest::Approx(2));
    CHECK(all.network.facts.at("tau") == 0);
    const auto none = f.run("mmse", "w4");
    CHECK(bits_per_weight(all.layers, f.graph) == doctest::Approx(2 * bits_per_weight(none.layers, f.graph)));
    const auto some = f.run("mmse", "w4-dual20");
    std::size_t channels = 0, dual = 0;
    for (std::size_t i = 0; i < some.layers.size(); ++i) {
        channels += some.layers[i].channels;
        dual += some.layers[i].extra_channels;
        CHECK(some.layers[i].weight_error <= none.layers[i].weight_error);
    }
    CHECK(dual == static_cast<std::size_t>(std::floor(0.2 * static_cast<double>(channels) + 0.5)));
    CHECK(some.network.facts.at("tau") > 0);
}

TEST_CASE("codes on one side: a float product of codes is that of the values they stand for") {
    const Fixture f;
    const PostTrained network = f.run("mmse", "a8-amaxabs").network;
    CHECK(!runs_as_integers(network));
    std::vector<float> expected(kImages * 10);
    Predictor(f.graph, f.weights, Numerics::f32).logits(f.images, expected);
    const auto found = logits_of(network, f.images);
    double error = 0, norm = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        error += std::pow(found[i] - expected[i], 2);
        norm += std::pow(expected[i], 2);
    }
    CHECK(error < 1e-2 * norm);  // 8 bits are near, and not the same
    CHECK(error > 0);
    Quantization q = network.quantization;
    for (int i = 0; i < network.network.graph.size(); ++i)
        if (network.network.graph[i].op == Op::add)
            q.edges[{i, 0}] = make_quantizer(scheme_from("u8-pt"), 0.1f);
    CHECK_THROWS_AS(InputQuantizers(network.network.graph, q.edges), Unsupported);
}

TEST_CASE("codes by channel: in f32 they give what integers give") {
    Fixture f;
    const PostTrained network = f.run("mmse", "w4a4-gptqfloat-apc").network;
    REQUIRE(runs_as_integers(network));
    const auto floats = logits_in_f32(network, f.images), integers = logits_of(network, f.images);
    for (std::size_t i = 0; i < floats.size(); ++i)
        CHECK(floats[i] == doctest::Approx(integers[i]).epsilon(1e-3));
}

TEST_CASE("calibration images that show nothing are refused") {
    Fixture f;
    const auto refused = [&](const std::string& says) {
        CHECK_THROWS_WITH_AS(f.run("mmse", "w4a4e8"), doctest::Contains(says.c_str()), BadInput);
        CHECK_NOTHROW(f.run("mmse", "w4e8"));  // which looks at no image
    };
    const std::vector<float> good = f.images;
    const std::size_t size = f.graph.input_dims().size();
    f.images.clear();
    refused("images: expected at least 8, found 0");
    f.images.assign(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(7 * size));
    refused("images: expected at least 8, found 7");
    f.images.assign(8 * size, 0.0f);
    refused("every value");
    f.images = good;
    f.images[5 * size + 3] = std::numeric_limits<float>::quiet_NaN();
    refused("image number 5");
    f.images = good;
    f.images.pop_back();
    refused("multiple");
}

TEST_CASE("the order of the calibration images changes nothing") {
    Fixture f;
    const PostTrained one = f.run("mmse", "w4a4e8").network;
    const std::size_t size = f.graph.input_dims().size();
    std::vector<float> turned;
    for (std::size_t i = kImages; i-- > 0;)
        turned.insert(turned.end(), f.images.begin() + static_cast<std::ptrdiff_t>(i * size),
                      f.images.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
    f.images = turned;
    CHECK(f.run("mmse", "w4a4e8").network.quantization.edges == one.quantization.edges);
}

TEST_CASE("a layer of zeros quantizes to zeros") {
    Fixture f;
    f.weights.at("layer1.0.conv1.weight").fill(0.0f);
    for (const char* settings : {"w4a4e8", "w4a4e8-wmaxabs-amaxabs", "w4-dual50"}) {
        const Diagnosed result = f.run("mmse", settings);
        const Weights rounded = rounded_weights(result.network);
        for (float w : rounded.at("layer1.0.conv1.weight")) CHECK(w == 0);
        for (float z : logits_of(result.network, f.images)) CHECK(std::isfinite(z));
    }
}

TEST_CASE("decibels of a relative squared error") {
    CHECK(sqnr(0.01) == doctest::Approx(20));
    CHECK(sqnr(1) == 0);
    CHECK(std::isinf(sqnr(0)));
}
