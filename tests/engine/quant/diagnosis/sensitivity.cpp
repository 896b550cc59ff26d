#include "engine/quant/diagnosis/sensitivity.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/models/catalog.hpp"
#include "engine/quant/post_training_methods.hpp"
#include "tests/helpers/networks.hpp"

using namespace nibble;

TEST_CASE("the layer that is quantized badly stands out, the one that is not quantized does not") {
    const Graph graph = make_model("resnet8-w0.25", 10, {8, 8, 3});
    const Weights weights = test::random_weights(graph, 3);
    const auto images = test::random_images(graph.input_dims(), 16, 3);
    const FoldedNetwork folded = fold_batch_norm(graph, weights);
    PostTrained network = post_train(*post_training_method("mmse", "w8a8"), graph, weights, images).network;
    const auto error_of = [&](const std::vector<Sensitivity>& list, const std::string& layer) {
        return std::find_if(list.begin(), list.end(), [&](const auto& s) { return s.layer == layer; })
            ->logit_error;
    };
    const auto fine = sensitivities(folded, network, images);
    CHECK(fine.size() == network.quantization.layers.size());
    for (const Sensitivity& s : fine) {
        CHECK(s.logit_error > 0);
        CHECK(s.logit_error < 0.01);
        CHECK(s.agreement > 0.8);
    }

    const std::string bad = "layer2.0.conv1", left = "layer1.0.conv2";
    const PostTrained coarse =
        post_train(*post_training_method("mmse", "w2a2"), graph, weights, images).network;
    network.quantization.layers.at(bad) = coarse.quantization.layers.at(bad);
    network.quantization.layers.erase(left);
    for (int i = 0; i < folded.graph.size(); ++i)
        if (folded.graph[i].name == left) network.quantization.edges.erase({i, 0});
    const auto mixed = sensitivities(folded, network, images);
    CHECK(error_of(mixed, bad) > 50 * error_of(fine, bad));
    CHECK(error_of(mixed, left) == 0);
    CHECK(error_of(mixed, "conv1") == error_of(fine, "conv1"));
}
