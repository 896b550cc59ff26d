// torchvision as oracle: its networks by their names, with the same random weights, give the same logits and have
// as many multiplications; so do the ONNX files that PyTorch exports of most of them. Optional: without torchvision in /usr/bin/python3 it says so loudly and passes.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/onnx/network.hpp"
#include "tests/helpers/skip.hpp"

namespace nibble {
namespace {

/// Multiplications of one image in 10^9, as torchvision's documentation publishes them.
struct Published {
    const char* model;
    double gmacs;
};
constexpr Published kModels[] = {{"alexnet", 0.714},
                                 {"vgg11", 7.609},
                                 {"vgg11_bn", 7.609},
                                 {"vgg13", 11.308},
                                 {"vgg13_bn", 11.308},
                                 {"vgg16", 15.470},
                                 {"vgg16_bn", 15.470},
                                 {"vgg19", 19.632},
                                 {"vgg19_bn", 19.632},
                                 {"squeezenet1_0", 0.819},
                                 {"squeezenet1_1", 0.349},
                                 {"googlenet", 1.498},
                                 {"inception_v3", 5.713},
                                 {"densenet121", 2.834},
                                 {"densenet161", 7.728},
                                 {"densenet169", 3.360},
                                 {"densenet201", 4.291},
                                 {"resnet18", 1.814},
                                 {"resnet34", 3.664},
                                 {"resnet50", 4.089},
                                 {"resnet101", 7.801},
                                 {"resnet152", 11.514},
                                 {"resnext50_32x4d", 4.230},
                                 {"wide_resnet50_2", 11.398},
                                 {"mobilenet_v2", 0.301},
                                 {"mobilenet_v3_small", 0.057},
                                 {"mobilenet_v3_large", 0.217},
                                 {"mnasnet0_5", 0.104},
                                 {"mnasnet1_0", 0.314},
                                 {"shufflenet_v2_x0_5", 0.040},
                                 {"shufflenet_v2_x1_0", 0.145},
                                 {"efficientnet_b0", 0.386}};

/// Opsets that PyTorch 1.13 writes.
constexpr int kOldest = 7, kNewest = 16;

/// Activations keep their size, and no batch norm is the identity. Normal numbers are drawn once and used again:
/// VGG has 143 million weights.
Weights random_weights(const Graph& graph) {
    Random random(11, Purpose::test);
    std::vector<float> normal(100'003);
    for (float& v : normal) v = random.normal();
    std::size_t next = 0;
    Weights weights;
    for (const auto& [name, shape, start] : graph.parameters()) {
        Array<float> values(shape);
        const double fan_in = static_cast<double>(values.size()) / static_cast<double>(shape[0]);
        const bool is_weight = shape.size() > 1, is_scale = start == Start::ones;
        const auto size = static_cast<float>(is_weight ? std::sqrt(2 / fan_in) : 0.2);
        for (float& v : values) {
            v = normal[next++ % normal.size()];
            v = is_scale ? 0.7f + 0.3f * std::abs(v) : size * v;
        }
        weights.emplace(name, std::move(values));
    }
    return weights;
}

TEST_CASE("torchvision: the same logits and multiplications") {
    if (std::system("/usr/bin/python3 -c 'import torchvision' >/dev/null 2>&1") != 0) {
        nibble::test::skipped("no torchvision in /usr/bin/python3 (apt-get install python3-torchvision)");
        return;
    }
    const auto folder =
        std::filesystem::temp_directory_path() / ("nibble-torchvision-" + std::to_string(::getpid()));
    const auto in = folder / "question.safetensors", out = folder / "answer.safetensors",
               onnx = folder / "net.onnx";
    int opset = kOldest;
    for (const auto& [name, gmacs] : kModels) {
        CAPTURE(std::string(name));
        const Graph graph = make_model(name);
        CHECK(static_cast<double>(graph.macs()) / 1e9 == doctest::Approx(gmacs).epsilon(0.0006 / gmacs));
        const Weights weights = random_weights(graph);
        const Dims dims = graph.input_dims();
        const auto size = [](int n) { return static_cast<std::size_t>(n); };
        Array<float> image(Shape{1, size(dims.h), size(dims.w), size(dims.c)});
        Random random(12, Purpose::test);
        for (float& v : image) v = random.normal();
        Safetensors question;
        for (const auto& [parameter, values] : weights)
            question.tensors[parameter] = StoredTensor::from(values);
        question.tensors["images"] = StoredTensor::from(image);
        question.metadata = {{"model", name}};
        // One of each kind: writing and reading a large VGG takes longer than running it.
        constexpr double kLargestExported = 6;
        const bool exports = gmacs < kLargestExported || std::string(name) == "vgg11_bn";
        if (exports) {
            question.metadata["opset"] = std::to_string(opset);
            opset = opset == kNewest ? kOldest : opset + 1;
        }
        write_safetensors(in, question);
        const std::string command = "/usr/bin/python3 '" NIBBLE_SOURCE_DIR
                                    "/tests/oracle/torchvision_oracle.py' '" +
                                    in.string() + "' '" + out.string() + "' '" + onnx.string() + "'";
        REQUIRE(std::system(command.c_str()) == 0);
        Safetensors answer = read_safetensors(out);
        const Array<float> theirs = answer.tensors.at("logits").to_f32(),
                           macs = answer.tensors.at("macs").to_f32();
        CHECK(static_cast<double>(macs(0)) * (1 << 20) + static_cast<double>(macs(1)) ==
              static_cast<double>(graph.macs()));
        const auto agrees = [&](const Graph& network, const Weights& parameters) {
            std::vector<float> ours(theirs.size());
            Predictor(network, parameters, Numerics::f32).logits({image.data(), image.size()}, ours);
            double largest = 0, difference = 0;
            for (std::size_t i = 0; i < ours.size(); ++i) {
                largest = std::max(largest, std::abs(double{theirs.data()[i]}));
                difference = std::max(difference, std::abs(double{theirs.data()[i]} - double{ours[i]}));
            }
            CHECK(difference <= 1e-4 * largest);
        };
        agrees(graph, weights);
        if (exports) {
            const OnnxNetwork exported = read_onnx(onnx);
            CHECK(exported.graph.macs() == graph.macs());
            agrees(exported.graph, exported.weights);
        }
        std::filesystem::remove_all(folder);
    }
}

}  // namespace
}  // namespace nibble
