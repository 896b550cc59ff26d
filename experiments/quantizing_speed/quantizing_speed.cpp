// How long post-training quantization takes. By minimal mean squared error: one layer of 512 x 512 x 3 x 3
// weights with each solver, and the whole of ResNet-56, weights and activations from 512 images, with one
// tensor or two for every kernel. To ternary weights in groups: all weights of ResNet-56.
//
// A Google Benchmark program; NIBBLE_THREADS sets the threads. Weights are initial ones (normal), images
// noise: the time hardly depends on either.
#include <benchmark/benchmark.h>

#include <numeric>
#include <string>
#include <vector>

#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/models/catalog.hpp"
#include "engine/nn/fold.hpp"
#include "engine/quant/calibration/calibration.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/quant/mmse/activations.hpp"
#include "engine/quant/mmse/dual_weights.hpp"
#include "engine/quant/mmse/weights.hpp"
#include "engine/train/init.hpp"

namespace {

using namespace nibble;

constexpr std::size_t kImages = 512;
constexpr std::uint64_t kSeed = 0;
const char* const kModel = "resnet56";

std::vector<float> noise(std::size_t n) {
    Random random(kSeed, Purpose::test);
    std::vector<float> values(n);
    for (float& v : values) v = random.normal();
    return values;
}

void layer(benchmark::State& state, mmse::Solver solver, const std::string& scheme) {
    Array<float> weights(Shape{512, 512, 3, 3});
    std::ranges::copy(noise(weights.size()), weights.begin());
    for (auto _ : state)
        benchmark::DoNotOptimize(mmse::quantize_weights(weights, scheme_from(scheme), solver));
}

/// All layers of the network to 4 bits; each kernel a sum of so many terms.
Quantization quantized(const FoldedNetwork& network, std::span<const float> images, int terms) {
    const Graph& graph = network.graph;
    std::vector<Histogram> histograms(graph.nodes().size());
    visit_values(graph, network.weights, images,
                 [&](int node, std::span<const float> values) { histograms[node].add(values); });
    Quantization q;
    for (int i = 0; i < graph.size(); ++i) {
        const Node& node = graph[i];
        if (node.op != Op::conv && node.op != Op::linear) continue;
        const Array<float>& weights = network.weights.at(node.name + ".weight");
        std::vector<std::uint32_t> kernels(weights.shape()[0]);
        std::iota(kernels.begin(), kernels.end(), 0u);
        q.layers[node.name] = terms == 1 ? mmse::quantize_weights(weights, scheme_from("s4-pc"))
                                         : mmse::quantize_dual(weights, scheme_from("s4x2-pc"), kernels);
        q.edges.emplace(GraphEdge{i, 0}, mmse::quantize_activations(histograms[node.inputs[0]], 4));
    }
    return q;
}

void network(benchmark::State& state, int terms) {
    const Graph graph = make_model(kModel);
    const FoldedNetwork folded = fold_batch_norm(graph, initial_weights(graph, kSeed));
    const std::vector<float> images = noise(kImages * graph.input_dims().size());
    for (auto _ : state) benchmark::DoNotOptimize(quantized(folded, images, terms));
}

void ternarize(benchmark::State& state, const std::string& method) {
    const Graph graph = make_model(kModel);
    const Weights weights = initial_weights(graph, kSeed);
    const fgq::NetworkLayers layers(graph, fgq::method_from(method), {});
    for (auto _ : state) benchmark::DoNotOptimize(layers.quantized_weights(weights));
}

template <class... Args>
void add(const std::string& name, Args... args) {
    benchmark::RegisterBenchmark(("quantizing/" + name + "/threads:" + std::to_string(threads())).c_str(),
                                 args...)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
    flush_denormals();
    for (const char* scheme : {"s4-pc", "s8-pc"})
        for (mmse::Solver solver : mmse::kSolvers)
            add("layer-512x512x3x3/" + to_string(solver) + "/" + scheme, layer, solver, scheme);
    add(std::string(kModel) + "/w4a4", network, 1);
    add(std::string(kModel) + "/w4x2a4", network, 2);
    for (const char* method : {"g2", "g4", "g16", "g64"})
        add(std::string(kModel) + "/ternary-" + method, ternarize, method);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
