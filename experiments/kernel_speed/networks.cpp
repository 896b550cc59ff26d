// Whole networks: f32 images in, f32 logits out. Random weights, calibrated on one random image.
#include <vector>

#include "engine/core/rng.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/quant/maxabs/maxabs.hpp"
#include "engine/train/init.hpp"
#include "experiments/kernel_speed/benchmarks.hpp"

namespace nibble {
namespace {

struct Case {
    std::string name, model;  ///< as the peers call it, as the catalog does
    int classes, size;
    std::vector<int> batches;
    Dims input() const { return {size, size, 3}; }
};
const std::vector<Case> kCases{{"resnet20", "resnet20", 10, 32, {1, 128}},
                               {"resnet18", "resnet18-imagenet", 1000, 224, {1}},
                               {"resnet50", "resnet50-imagenet", 1000, 224, {1}}};

struct Precision {
    std::string name, weights;
    int activation_bits;
};
const std::vector<Precision> kPrecisions{{"f32", "", 0},
                                         {"w8a8", "s8n-pc", 8},
                                         {"w4a8", "s4n-pc", 8},
                                         {"w4a4", "s4n-pc", 4},
                                         {"t-g4a8", "t-g4", 8}};

std::vector<float> random_images(const Case& c, int batch) {
    Random random(0, Purpose::test);
    std::vector<float> images(static_cast<std::size_t>(batch) * c.input().size());
    for (float& value : images) value = random.normal();
    return images;
}

/// A float network, and its ranges on one image.
struct Calibrated {
    FoldedNetwork network;
    std::vector<ValueRange> ranges;
};

std::unique_ptr<Calibrated> calibrate(const Case& c) {
    const Graph graph = make_model(c.model, c.classes, c.input());
    auto made = std::make_unique<Calibrated>();
    made->network = fold_batch_norm(graph, initial_weights(graph, 0));
    observe_ranges(made->network.graph, made->network.weights, random_images(c, 1), made->ranges);
    return made;
}

IntegerGraph quantized(const Case& c, const Precision& precision) {
    const Calibrated& from = prepared<Calibrated>(c.name, [&] { return calibrate(c); });
    MaxAbs options;
    options.weights = scheme_from(precision.weights);
    options.activation_bits = precision.activation_bits;
    return lower(from.network.graph, from.network.weights, maxabs(from.network, from.ranges, options));
}

/// Either of the two ways to run a network.
template <class Runner>
void time_calls(benchmark::State& state, Runner& runner, const Case& c, int batch) {
    const std::vector<float> images = random_images(c, batch);
    std::vector<float> logits(static_cast<std::size_t>(batch) * c.classes);
    runner.logits(images, logits);
    for (auto _ : state) runner.logits(images, logits);
}

void time_network(benchmark::State& state, const std::string& name, const Case& c, const Precision& precision,
                  int batch) {
    const Graph graph = make_model(c.model, c.classes, c.input());
    Work work{static_cast<double>(graph.macs()) * batch, 0, 0};
    if (precision.weights.empty()) {
        Predictor& predictor = prepared<Predictor>(name, [&] {
            return std::make_unique<Predictor>(graph, initial_weights(graph, 0), Numerics::f32);
        });
        for (const auto& [parameter, shape, start] : graph.parameters())
            if (!is_buffer(parameter)) work.weight_bytes += sizeof(float) * static_cast<double>(count(shape));
        time_calls(state, predictor, c, batch);
    } else {
        IntegerExecutor& executor = prepared<IntegerExecutor>(
            name, [&] { return std::make_unique<IntegerExecutor>(quantized(c, precision)); });
        work.weight_bytes = static_cast<double>(weight_bytes(executor.graph()));
        time_calls(state, executor, c, batch);
    }
    count(state, work);
}

}  // namespace

void register_networks() {
    for (const Case& c : kCases)
        for (const Precision& precision : kPrecisions)
            for (int batch : c.batches) {
                const std::string name =
                    "network/" + c.name + "/" + precision.name + "/b" + std::to_string(batch);
                benchmark::RegisterBenchmark(
                    name.c_str(),
                    [=](benchmark::State& state) { time_network(state, name, c, precision, batch); })
                    ->UseRealTime()
                    ->Unit(benchmark::kMillisecond);
            }
}

}  // namespace nibble
