// What it takes to ternarize the weights of a whole network in groups, thresholds searched exactly.
#include <memory>

#include "engine/models/catalog.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/train/init.hpp"
#include "experiments/kernel_speed/benchmarks.hpp"

namespace nibble {
namespace {

struct Network {
    explicit Network(const std::string& model)
        : graph(make_model(model, 10, {32, 32, 3})), weights(initial_weights(graph, 0)) {}
    Graph graph;
    Weights weights;
};

void time_ternarization(benchmark::State& state, const std::string& model, const std::string& method) {
    const Network& network = prepared<Network>(model, [&] { return std::make_unique<Network>(model); });
    const fgq::NetworkLayers layers(network.graph, fgq::method_from(method), {});
    for (auto _ : state) benchmark::DoNotOptimize(layers.quantized_weights(network.weights));
}

}  // namespace

void register_ternarization() {
    for (const std::string model : {"resnet20", "resnet56"})
        for (const std::string method : {"g2", "g4", "g16", "g64"})
            benchmark::RegisterBenchmark(
                ("ternarize/" + model + "/" + method).c_str(),
                [=](benchmark::State& state) { time_ternarization(state, model, method); })
                ->Unit(benchmark::kMillisecond)
                ->UseRealTime();
}

}  // namespace nibble
