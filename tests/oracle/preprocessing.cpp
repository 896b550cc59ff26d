// The networks of experiments/imagenet/preprocessing/ on real images, prepared as those files say, against the logits
// that PyTorch gave them.
#include "datasets/preprocessing/preprocessing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "datasets/catalog.hpp"
#include "datasets/loader.hpp"
#include "datasets/subset.hpp"
#include "engine/core/json.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/onnx/network.hpp"
#include "tests/helpers/data.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

TEST_CASE("five ways to prepare an image: PyTorch's logits on real images") {
    const std::filesystem::path root = test::data_root("onnx");
    if (!std::filesystem::exists(root / "onnx/reference_logits.safetensors")) {
        nibble::test::skipped("no ONNX networks below " + root.string());
        return;
    }
    const Safetensors reference = read_safetensors(root / "onnx/reference_logits.safetensors");
    int networks = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(NIBBLE_SOURCE_DIR) /
                                                                 "experiments/imagenet/preprocessing")) {
        const std::string name = entry.path().stem().string();
        if (!reference.tensors.contains(name)) continue;  // of a network that profile `imagenet` alone has
        CAPTURE(name);
        const auto stated = preprocessing_from(read_json(entry.path()), name);
        const auto images = open_dataset("imagenet-subset", Split::test, root, stated);
        std::vector<float> input;
        std::vector<std::int32_t> labels;
        const Subset first(*images, 16);
        Loader(first, evaluation_options(16)).load(0, 0, input, labels);
        const OnnxNetwork network = read_onnx(root / "onnx" / (name + ".onnx"));
        const Array<float> expected = reference.tensors.at(name).to_f32();
        std::vector<float> logits(expected.size());
        Predictor(network.graph, network.weights, Numerics::f32).logits(input, logits);
        double largest = 0, difference = 0;
        for (std::size_t i = 0; i < logits.size(); ++i) {
            largest = std::max(largest, std::abs(double{expected.data()[i]}));
            difference = std::max(difference, std::abs(double{expected.data()[i]} - double{logits[i]}));
        }
        CHECK(difference <= 1e-4 * largest);
        ++networks;
    }
    CHECK(networks == 5);
}
