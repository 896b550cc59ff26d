// Files of networks whose weights alone are codes.
#include "engine/infer/quantized_file.hpp"

#include <doctest/doctest.h>

#include "engine/core/error.hpp"
#include "engine/quant/maxabs/post_training.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "tests/helpers/networks.hpp"

using namespace nibble;

namespace {

PostTrained quantized(const Graph& graph, const Weights& weights, const PostTrainingMethod& method) {
    const auto images = test::random_images(graph.input_dims(), 16, 4);
    return post_train(method, graph, weights, images, images).network;
}

void check_round_trip(const PostTrained& network) {
    const Safetensors file = to_safetensors(network, {{"model", "sample"}});
    REQUIRE(is_quantized_network(file));
    const PostTrained back = post_trained_from(file);
    CHECK(back.network.graph.digest() == network.network.graph.digest());
    CHECK(back.quantization.edges == network.quantization.edges);
    CHECK(rounded_weights(back) == rounded_weights(network));
    CHECK(bytes_of(to_safetensors(back, {{"model", "sample"}})) == bytes_of(file));
}

}  // namespace

TEST_CASE("quantized networks: codes, floats and graph come back, whatever the method") {
    const Graph graph = test::branching_network(2);
    const Weights weights = test::random_weights(graph, 3);
    MaxAbs options{.activation_bits = 32};
    options.weights = {.bits = 4, .range = Range::narrow};
    check_round_trip(quantized(graph, weights, *maxabs_post_training(options)));
    options.weights = scheme_from("t-g4");
    check_round_trip(quantized(graph, weights, *maxabs_post_training(options)));
    for (const char* settings : {"w4e8", "w3e8-dual20"})
        check_round_trip(quantized(graph, weights, *post_training_method("mmse", settings)));
    check_round_trip(quantized(graph, weights, *post_training_method("fgq", "g4")));
}

TEST_CASE("quantized networks: damaged files are refused") {
    const Graph graph = test::branching_network(2);
    const PostTrained network =
        quantized(graph, test::random_weights(graph, 3), *post_training_method("mmse", "w4e8"));
    const Safetensors whole = to_safetensors(network, {});
    const auto refuses = [&](auto damage) {
        Safetensors file = whole;
        damage(file);
        CHECK_THROWS_AS(post_trained_from(file), BadInput);
    };
    refuses([](Safetensors& f) { f.metadata["version"] = "2"; });
    refuses([](Safetensors& f) { f.metadata["graph"] = "{}"; });
    refuses([](Safetensors& f) { f.metadata["graph"].replace(f.metadata["graph"].find("conv"), 4, "wave"); });
    refuses([](Safetensors& f) { f.metadata["graph"].replace(f.metadata["graph"].find("s4"), 2, "s5"); });
    refuses([](Safetensors& f) { f.tensors.erase(f.tensors.begin()); });
    refuses([](Safetensors& f) { f.tensors["stray"] = StoredTensor{"U8", {1}, {std::byte{0}}}; });
}
