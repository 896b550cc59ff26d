// The pretrained CIFAR-10 networks executed as integers: accuracy at 8 bits on the whole test set, and
// simulation against execution on every architecture.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/infer/compare.hpp"
#include "engine/infer/lower.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/models/catalog.hpp"
#include "engine/quant/maxabs/maxabs.hpp"
#include "experiments/pipeline/calibration.hpp"
#include "experiments/pipeline/data.hpp"
#include "experiments/pipeline/evaluation.hpp"
#include "experiments/pipeline/files/weights_file.hpp"
#include "tests/helpers/data.hpp"
#include "tests/helpers/skip.hpp"

using namespace nibble;

namespace {

namespace fs = std::filesystem;

constexpr double kEightBits = 0.3;  // points of top-1 that 8 bits may cost
constexpr std::size_t kCalibration = 512;

struct Pretrained {
    const char* model;
    double top1;  ///< in float
};
constexpr Pretrained kNetworks[] = {{"resnet20", 91.73}, {"resnet32", 92.63}, {"resnet56", 93.39}};

fs::path weights_of(const std::string& model) {
    const fs::path data = test::data_root("pretrained/cifar10");
    ::setenv("NIBBLE_DATA", data.c_str(), 1);  // the program's data sets come from there, too
    return data / "pretrained/cifar10" / (model + ".safetensors");
}

bool data_is_there() {
    const fs::path weights = weights_of("resnet20");
    const bool there = fs::exists(weights) &&
                       fs::exists(weights.parent_path() / "../../cifar-10-batches-bin/test_batch.bin");
    if (!there) nibble::test::skipped(std::string("no ") + weights.string() + " or no CIFAR-10 beside it");
    return there;
}

struct Images {
    Data data = open_data("cifar10");
    std::optional<Normalization> normalization;
};

IntegerGraph quantized(const std::string& model, Images& images, const MaxAbs& options) {
    const WeightsFile file = read_weights(weights_of(model));
    images.normalization = file.normalization(model);
    const Graph graph = make_model(model, 10, {32, 32, 3});
    const FoldedNetwork folded = fold_batch_norm(graph, file.weights);
    std::vector<ValueRange> ranges;
    observe_ranges(
        folded.graph, folded.weights,
        calibration_images(*images.data.train, calibration_ids(*images.data.train, kCalibration, 0),
                           images.normalization),
        ranges);
    return lower(folded.graph, folded.weights, maxabs(folded, ranges, options));
}

}  // namespace

TEST_CASE("8-bit integers cost the pretrained networks at most 0.3 points on all test images") {
    if (!data_is_there()) return;
    Images images;
    for (const Pretrained& network : kNetworks) {
        const IntegerGraph graph = quantized(network.model, images, {});
        EvaluationOptions options;
        options.normalization = images.normalization;
        const double top1 = evaluate(make_classifier(graph), *images.data.test, options).top1;
        MESSAGE(std::string(network.model) << " w8a8: " << top1 << " %, float " << network.top1 << " %");
        CHECK(top1 > network.top1 - kEightBits);
    }
}

TEST_CASE("pretrained networks: every value of simulation and execution agrees, on every architecture") {
    if (!data_is_there()) return;
    for (const kernels::Architecture& a : kernels::architectures())
        if (!a.supported) nibble::test::skipped(a.name + " (this machine lacks it)");
    Images images;
    const Scheme s4 = scheme_from("s4-pc"), ternary = scheme_from("t-g4");
    for (const MaxAbs& options :
         {MaxAbs{}, MaxAbs{.weights = s4, .activation_bits = 4}, MaxAbs{.weights = ternary}})
        for (const Pretrained& network : kNetworks) {
            const IntegerGraph graph = quantized(network.model, images, options);
            const std::vector<float> some = calibration_images(
                *images.data.test, calibration_ids(*images.data.test, 8, 1), images.normalization);
            for (const kernels::Architecture& a : kernels::architectures()) {
                if (!a.supported) continue;
                // The plain reference takes a second an image on the deepest network.
                if (a.name == "reference" && std::string(network.model) != "resnet20") continue;
                const std::string before = kernels::active().name;
                kernels::choose(a.name);
                Comparison comparison(graph);
                comparison.add(some);
                kernels::choose(before);
                CAPTURE(a.name);
                CAPTURE(network.model);
                CHECK(comparison.mismatches() == 0);
            }
        }
}
