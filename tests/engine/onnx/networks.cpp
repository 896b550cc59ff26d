// Networks of seven families that PyTorch exported, on real images, against the logits that PyTorch gave them; and
// the same networks as the exporter left them, with shapes and paddings computed by operations.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "datasets/catalog.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/onnx/network.hpp"
#include "tests/helpers/data.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {

constexpr int kImages = 16;

/// What a network sees of a byte: (byte - mean) / std, by channel, in the order of the network's channels.
struct Input {
    std::array<float, 3> mean, std;
    bool blue_first = false;
    int crop = 227;
};

constexpr Input kTorchvision{
    {.485f * 255, .456f * 255, .406f * 255}, {.229f * 255, .224f * 255, .225f * 255}, false, 224};
constexpr Input kCifar{{.4914f * 255, .4822f * 255, .4465f * 255},
                       {.2023f * 255, .1994f * 255, .2010f * 255}};

struct Case {
    const char* file;
    Input input;
    bool cifar = false;
};

const Case kCases[] = {
    {"squeezenet1_1", {{104, 117, 123}, {1, 1, 1}, true}},
    {"mobilenet_v1_0.25_224", {{127.5f, 127.5f, 127.5f}, {127.5f, 127.5f, 127.5f}, false, 224}},
    {"tinydarknet", {{0, 0, 0}, {255, 255, 255}, false, 224}},
    {"fdmobilenet_0.5x", kTorchvision},
    {"menet_108", kTorchvision},
    {"shufflenetv2_x0_5", kCifar, true},
    {"resnet20_projection", kCifar, true},
};

/// The first images of val_labels.txt, NHWC.
std::vector<float> photographs(const std::filesystem::path& root, const Input& input) {
    std::ifstream list(root / "imagenet/val_labels.txt");
    std::vector<float> images;
    std::string name, label;
    for (int i = 0; i < kImages && list >> name >> label; ++i) {
        const cv::Mat image = cv::imread((root / "imagenet/val" / name).string(), cv::IMREAD_COLOR);
        REQUIRE(image.rows == 227);
        REQUIRE(image.cols == 227);
        const int first = (227 - input.crop) / 2;
        for (int r = first; r < first + input.crop; ++r)
            for (int c = first; c < first + input.crop; ++c)
                for (std::size_t k = 0; k < 3; ++k) {
                    const int channel = static_cast<int>(input.blue_first ? k : 2 - k);
                    images.push_back(
                        (static_cast<float>(image.at<cv::Vec3b>(r, c)[channel]) - input.mean[k]) /
                        input.std[k]);
                }
    }
    return images;
}

std::vector<float> cifar_images(const std::filesystem::path& root, const Input& input) {
    const auto data = open_dataset("cifar10", Split::test, root);
    std::vector<float> images;
    for (std::size_t i = 0; i < kImages; ++i) {
        const Image image = data->get(i).image;
        for (std::size_t p = 0; p < image.pixels.size(); ++p)
            images.push_back((static_cast<float>(image.pixels[p]) - input.mean[p % 3]) / input.std[p % 3]);
    }
    return images;
}

void compare(const std::filesystem::path& file, const std::vector<float>& images,
             const Array<float>& expected) {
    const OnnxNetwork network = read_onnx(file);
    std::vector<float> logits(expected.size());
    Predictor(network.graph, network.weights, Numerics::f32).logits(images, logits);
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        largest = std::max(largest, std::abs(double{expected.data()[i]}));
        difference = std::max(difference, std::abs(double{expected.data()[i]} - double{logits[i]}));
    }
    MESSAGE(file.string() << ": largest difference " << difference << ", largest logit " << largest);
    CHECK(difference <= 1e-4 * std::max(largest, 1.0));
}

}  // namespace

TEST_CASE("networks of other programs: PyTorch's logits on real images") {
    const std::filesystem::path root = test::data_root("onnx");
    if (!std::filesystem::exists(root / "onnx/reference_logits.safetensors")) {
        nibble::test::skipped("no networks below " + (root / "onnx").string());
        return;
    }
    const Safetensors reference = read_safetensors(root / "onnx/reference_logits.safetensors");
    for (const Case& one : kCases) {
        const auto images = one.cifar ? cifar_images(root, one.input) : photographs(root, one.input);
        const Array<float> expected = reference.tensors.at(one.file).to_f32();
        for (const char* folder : {"onnx", "onnx/as_exported"}) {
            const auto file = root / folder / (std::string(one.file) + ".onnx");
            if (std::filesystem::exists(file)) compare(file, images, expected);
        }
    }
}
