// SqueezeNet 1.1 with real ImageNet weights, on real images, against the logits PyTorch gave it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "engine/io/safetensors.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/predictor.hpp"
#include "tests/helpers/data.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {

constexpr int kImages = 16, kSide = 227;

/// The first images of val_labels.txt, NHWC: blue, green, red, less Caffe's means.
std::vector<float> first_images(const std::filesystem::path& root) {
    const float mean[] = {104, 117, 123};
    std::ifstream list(root / "imagenet/val_labels.txt");
    std::vector<float> images;
    std::string name, label;
    for (int i = 0; i < kImages && list >> name >> label; ++i) {
        const cv::Mat image = cv::imread((root / "imagenet/val" / name).string(), cv::IMREAD_COLOR);
        REQUIRE(image.rows == kSide);
        REQUIRE(image.cols == kSide);
        for (int r = 0; r < kSide; ++r)
            for (int c = 0; c < kSide; ++c)
                for (int k = 0; k < 3; ++k)
                    images.push_back(static_cast<float>(image.at<cv::Vec3b>(r, c)[k]) - mean[k]);
    }
    return images;
}

}  // namespace

TEST_CASE("SqueezeNet 1.1: PyTorch's logits on real images") {
    const std::filesystem::path root = test::data_root("pretrained/imagenet");
    const auto weights_file = root / "pretrained/imagenet/squeezenet1_1.safetensors";
    const auto reference_file = root / "onnx/reference_logits.safetensors";
    if (!std::filesystem::exists(weights_file) || !std::filesystem::exists(reference_file)) {
        nibble::test::skipped(std::string("no SqueezeNet below ") + root.string());
        return;
    }
    Weights weights;
    for (const auto& [name, tensor] : read_safetensors(weights_file).tensors) weights[name] = tensor.to_f32();
    const Graph graph = make_model("squeezenet1_1", 1000, {kSide, kSide, 3});
    const Array<float> expected = read_safetensors(reference_file).tensors.at("squeezenet1_1").to_f32();
    std::vector<float> logits(expected.size());
    Predictor(graph, weights, Numerics::f32).logits(first_images(root), logits);
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        largest = std::max(largest, std::abs(double{expected.data()[i]}));
        difference = std::max(difference, std::abs(double{expected.data()[i]} - double{logits[i]}));
    }
    MESSAGE("largest difference " << difference << ", largest logit " << largest);
    CHECK(difference <= 1e-4 * largest);
}
