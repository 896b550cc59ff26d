// Checkpoints as their authors published them: what their tables say must come out.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "datasets/catalog.hpp"
#include "engine/models/catalog.hpp"
#include "experiments/pipeline/evaluation.hpp"
#include "experiments/pipeline/files/published.hpp"
#include "experiments/pipeline/files/weights_file.hpp"
#include "tests/helpers/data.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {

namespace fs = std::filesystem;

const Normalization kImageNet{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
const Normalization kCifar{{0.4914f, 0.4822f, 0.4465f}, {0.2023f, 0.1994f, 0.2010f}};

struct Published {
    const char *file, *model;
    const Normalization& normalization;
    double top1;            ///< on the 10,000 test images
    const char* converted;  ///< the same network as safetensors, if we have it
};
/// The last one's author says 90.13; PyTorch, too, gives 90.65.
const Published kPublished[] = {
    {"resnet20-12fca82f.th", "resnet20", kImageNet, 91.73, "resnet20.safetensors"},
    {"resnet32-d509ac18.th", "resnet32", kImageNet, 92.63, "resnet32.safetensors"},
    {"resnet56-4bfd9763.th", "resnet56", kImageNet, 93.39, "resnet56.safetensors"},
    {"cifar10_resnet20-4118986f.pt", "resnet20-projection", kCifar, 92.60, nullptr},
    {"cifar10_shufflenetv2_x0_5-1308b4e9.pt", "shufflenet_v2_x0_5-cifar", kCifar, 90.65, nullptr}};

}  // namespace

TEST_CASE("published checkpoints are as accurate as their authors say") {
    const fs::path root = test::data_root("pretrained/checkpoints");
    const fs::path folder = root / "pretrained/checkpoints";
    if (!fs::exists(folder) || !fs::exists(root / "cifar-10-batches-bin/test_batch.bin"))
        return test::skipped("no pretrained/checkpoints or CIFAR-10 below " + root.string());
    ::setenv("NIBBLE_DATA", root.c_str(), 1);
    const auto images = open_dataset("cifar10", Split::test);
    for (const Published& network : kPublished) {
        CAPTURE(network.file);
        if (!fs::exists(folder / network.file)) {
            test::skipped(std::string("no ") + network.file + " in " + folder.string());
            continue;
        }
        WeightsFile file = read_weights(folder / network.file);
        const Graph graph = make_model(network.model);
        fit(file, graph, network.file);
        const fs::path converted =
            root / "pretrained/cifar10" / (network.converted ? network.converted : "none");
        if (fs::exists(converted))
            CHECK(digest_of(file.weights) == digest_of(read_weights(converted).weights));
        EvaluationOptions options;
        options.normalization = published_preprocessing(folder / network.file).normalization({});
        CHECK(*options.normalization == network.normalization);
        const auto classifier = make_classifier(graph, file.weights, Numerics::f32);
        CHECK(evaluate(classifier, *images, options).top1 == doctest::Approx(network.top1).epsilon(1e-9));
    }
}
