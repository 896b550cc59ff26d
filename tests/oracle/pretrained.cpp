// The pretrained CIFAR-10 networks against the logits PyTorch gave them, on the first 100 test images.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "engine/io/safetensors.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/predictor.hpp"
#include "tests/helpers/data.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {

namespace fs = std::filesystem;

constexpr double kLogits = 1e-3;  // absolute; logits reach about 15
constexpr std::size_t kImages = 100, kSide = 32, kChannels = 3, kPixels = kSide * kSide, kClasses = 10;

fs::path data_root() {
    return test::data_root("pretrained/cifar10");
}

bool data_is_there() {
    const bool there = fs::exists(data_root() / "pretrained/cifar10/reference_logits.safetensors") &&
                       fs::exists(data_root() / "cifar-10-batches-bin/test_batch.bin");
    if (!there)
        nibble::test::skipped(std::string("no pretrained networks or CIFAR-10 below ") +
                              data_root().string());
    return there;
}

/// The first test images, NHWC, (byte / 255 - mean) / std as these networks were trained. Read here without
/// our data sets, so that neither can hide a mistake of the other.
std::vector<float> first_test_images() {
    const float mean[] = {0.485f, 0.456f, 0.406f}, std[] = {0.229f, 0.224f, 0.225f};
    std::ifstream in(data_root() / "cifar-10-batches-bin/test_batch.bin", std::ios::binary);
    std::vector<float> images;
    std::vector<unsigned char> record(1 + kChannels * kPixels);
    for (std::size_t i = 0; i < kImages; ++i) {
        in.read(reinterpret_cast<char*>(record.data()), static_cast<std::streamsize>(record.size()));
        REQUIRE(in.good());
        for (std::size_t p = 0; p < kPixels; ++p)
            for (std::size_t c = 0; c < kChannels; ++c)
                images.push_back((static_cast<float>(record[1 + c * kPixels + p]) / 255.0f - mean[c]) /
                                 std[c]);
    }
    return images;
}

Weights pretrained(const std::string& model) {
    Weights weights;
    for (const auto& [name, tensor] :
         read_safetensors(data_root() / "pretrained/cifar10" / (model + ".safetensors")).tensors)
        weights[name] = tensor.to_f32();
    return weights;
}

}  // namespace

TEST_CASE("pretrained ResNets give PyTorch's logits") {
    if (!data_is_there()) return;
    const std::vector<float> images = first_test_images();
    const Safetensors reference =
        read_safetensors(data_root() / "pretrained/cifar10/reference_logits.safetensors");
    for (const std::string model : {"resnet20", "resnet32", "resnet56"}) {
        CAPTURE(model);
        const Graph graph = make_model(model, static_cast<int>(kClasses), {kSide, kSide, kChannels});
        std::vector<float> logits(kImages * kClasses);
        Predictor(graph, pretrained(model), Numerics::f32).logits(images, logits);
        const Array<float> expected = reference.tensors.at(model + ".logits_test_first100").to_f32();
        REQUIRE(expected.size() == logits.size());
        double worst = 0;
        for (std::size_t i = 0; i < logits.size(); ++i)
            worst = std::max(worst, std::abs(double{logits[i]} - double{expected.data()[i]}));
        CHECK(worst < kLogits);
        MESSAGE(model << ": largest difference of a logit " << worst);
    }
}
