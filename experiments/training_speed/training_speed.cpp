// Images per second of training ResNet-20: forward, backward, update; batch 128 of synthetic images in
// memory. In floats, and quantized: before the bounds of activations are set (inputs are observed, weights
// quantized) and after.
//
// A Google Benchmark program. NIBBLE_THREADS sets the threads, so one process measures one number of threads;
// with a --benchmark_filter for one benchmark its counter peak_memory_bytes is that benchmark's alone.
#include <benchmark/benchmark.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/models/catalog.hpp"
#include "engine/quant/aqt/quantizer.hpp"
#include "engine/train/trainer.hpp"

namespace {

using namespace nibble;

constexpr int kBatch = 128, kClasses = 10;
constexpr Dims kInput{32, 32, 3};
constexpr std::uint64_t kSeed = 0;
constexpr std::size_t kStepsPerEpoch = 1'000'000;  // the rate hardly moves while we measure
const char* const kModel = "resnet20";

/// High-water mark of this process's resident memory ("VmHWM"), in bytes; 0 where /proc does not say.
double peak_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return 1024.0 * std::stod(line.substr(6));
    return 0;
}

std::vector<float> synthetic_images() {
    Random random(kSeed, Purpose::test);
    std::vector<float> images(kBatch * kInput.size());
    for (float& value : images) value = random.normal();
    return images;
}

std::vector<std::int32_t> synthetic_labels() {
    Random random(kSeed, Purpose::test, 1);
    std::vector<std::int32_t> labels(kBatch);
    for (std::int32_t& label : labels) label = static_cast<std::int32_t>(random.below(kClasses));
    return labels;
}

struct Setting {
    std::string name;
    Numerics numerics;
    std::string method = "";  ///< of quantized training
};

const Setting kSettings[] = {{"f32", Numerics::f32},
                             {"bf16", Numerics::bf16},
                             {"w8a8", Numerics::bf16, "w8a8-start0"},
                             {"w4a4e8", Numerics::bf16, "w4a4e8-start0"},
                             {"w4a4e8-observing", Numerics::bf16, "w4a4e8-start100"}};

void train(benchmark::State& state, const Setting& setting) {
    const Recipe recipe{.epochs = 1, .batch = kBatch};
    const Graph graph = make_model(kModel, kClasses, kInput);
    std::unique_ptr<aqt::NetworkLayers> layers;
    if (!setting.method.empty())
        layers = std::make_unique<aqt::NetworkLayers>(graph, aqt::method_from(setting.method), kBatch,
                                                      kStepsPerEpoch);
    Trainer trainer(graph, setting.numerics, recipe, kStepsPerEpoch, kSeed, layers.get());
    const auto images = synthetic_images();
    const auto labels = synthetic_labels();
    trainer.step(images, labels);  // buffers are allocated and weights packed for the first time
    for (auto _ : state) benchmark::DoNotOptimize(trainer.step(images, labels).loss);
    state.SetItemsProcessed(state.iterations() * kBatch);
    state.counters["peak_memory_bytes"] = peak_memory();
}

}  // namespace

int main(int argc, char** argv) {
    flush_denormals();
    for (const Setting& setting : kSettings) {
        const std::string name =
            std::string("training/") + kModel + "/" + setting.name + "/threads:" + std::to_string(threads());
        benchmark::RegisterBenchmark(name.c_str(), train, setting)
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::AddCustomContext("nibble_arch", kernels::active().name);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
