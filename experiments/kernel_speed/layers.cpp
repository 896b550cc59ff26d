// The layers of layers.json, each as the executor (integers) or the float network runs it.
#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/rng.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/lower.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/nn/plan.hpp"
#include "engine/quant/maxabs/maxabs.hpp"
#include "engine/train/init.hpp"
#include "experiments/kernel_speed/benchmarks.hpp"

namespace nibble {
namespace {

struct Layer {
    std::string name;
    bool linear;
    int inputs, outputs, size, kernel, stride;
    std::vector<int> batches;

    Dims input() const { return {size, size, inputs}; }
    Window window() const { return {kernel, kernel, stride, kernel / 2}; }
    /// The first of a network.
    bool reads_images() const { return inputs == 3; }
    /// In a whole network at batch 1 these find their weights in memory: too many bytes lie between two uses.
    bool meets_cold_weights() const { return linear || (size <= 7 && inputs >= 512); }
};

std::vector<Layer> read_layers() {
    std::vector<Layer> layers;
    const Json document = read_json(LAYERS_FILE);
    for (const Json& entry : document.at("layers"))
        layers.push_back({entry.at("name"), entry.at("kind") == "linear", entry.at("inputs"),
                          entry.at("outputs"), entry.at("size"), entry.at("kernel"), entry.at("stride"),
                          entry.at("batches")});
    return layers;
}

/// Weights by name in this experiment, and what they are in a Scheme's words.
const std::vector<std::pair<std::string, std::string>> kPrecisions{
    {"int8", "s8n-pc"}, {"s4", "s4n-pc"}, {"t", "t-pc"}, {"t-g64", "t-g64"}, {"t-g4", "t-g4"}};

std::vector<float> random_values(std::size_t count) {
    Random random(0, Purpose::test);
    std::vector<float> values(count);
    for (float& value : values) value = random.uniform();
    return values;
}

/// A layer ready to be called; bytes as counted for one image.
struct Call {
    std::function<void()> run;
    std::size_t macs, weight_bytes, activation_bytes;
};

/// Ternary codes come from a threshold of 0.7 mean |W| (Li and Liu 2016), so a bit more than half of them are
/// zero: max-abs, whose threshold is half the largest magnitude, gets there if magnitudes end at twice that.
void clip(Array<float>& weights) {
    double sum = 0;
    for (float w : weights) sum += w < 0 ? -w : w;
    const auto limit = static_cast<float>(2 * 0.7 * sum / static_cast<double>(weights.size()));
    for (float& w : weights) w = std::clamp(w, -limit, limit);
}

/// u8 codes in, u8 codes out after ReLU; the classifier gives its logits as floats.
Call integer_call(const Layer& layer, const Scheme& scheme, int batch) {
    Graph graph;
    const int x = graph.input(layer.input());
    int gemm, last;
    if (layer.linear) {
        gemm = last = graph.linear(x, "layer", layer.outputs);
    } else {
        gemm = graph.conv(x, "layer", layer.outputs, layer.window(), true);
        last = graph.global_pool(graph.relu(gemm));
    }
    Weights weights = initial_weights(graph, 0);
    Random random(1, Purpose::test);
    for (float& w : weights.at("layer.weight")) w = random.normal();
    if (scheme.kind == Kind::ternary) clip(weights.at("layer.weight"));
    Quantization quantization;
    quantization.layers["layer"] = maxabs_weights(weights.at("layer.weight"), scheme);
    const Quantizer unsigned_byte = maxabs_activations({0, 1}, 8);
    quantization.edges.emplace(GraphEdge{gemm, 0}, unsigned_byte);
    if (!layer.linear) quantization.edges.emplace(GraphEdge{last, 0}, unsigned_byte);

    const auto executor = std::make_shared<IntegerExecutor>(lower(graph, weights, quantization));
    executor->load(random_values(batch * layer.input().size()));
    constexpr std::size_t kQuantize = 0, kProduct = 1;
    executor->run_step(kQuantize);
    return {[executor] { executor->run_step(kProduct); }, graph.macs(), weight_bytes(executor->graph()),
            layer.input().size() + graph[gemm].out.size() * (layer.linear ? sizeof(float) : 1)};
}

/// A float network around the layer. What follows a gemm, batch norm and ReLU, is computed when the next
/// product reads it; so what is timed begins with that of the convolution in front, if there is one.
struct FloatLayer {
    Weights weights, no_gradients;
    Context context;
    Plan plan;
    std::vector<Scratch> scratch;

    FloatLayer(const Graph& graph, int batch)
        : weights(initial_weights(graph, 0)),
          context{kernels::active(), Numerics::f32, false, batch, weights, no_gradients, nullptr},
          plan(make_plan(context, graph)),
          scratch(static_cast<std::size_t>(threads())) {
        for (WeightedUnit* conv : plan.weighted) conv->pack();
        for (ActivationUnit* activation : plan.activations)
            if (activation->normalizes()) activation->use_running_statistics();
    }
    FloatLayer(const FloatLayer&) = delete;
    FloatLayer& operator=(const FloatLayer&) = delete;
};

Call float_call(const Layer& layer, int batch) {
    Graph graph;
    int x = graph.input(layer.input());
    if (!layer.reads_images())
        x = graph.relu(graph.batch_norm(graph.conv(x, "before", layer.inputs, {}), "norm"));
    const std::size_t macs_before = graph.macs();
    if (!layer.linear) x = graph.conv(x, "layer", layer.outputs, layer.window());
    const Dims out = layer.linear ? Dims{1, 1, layer.outputs} : graph[x].out;
    const std::size_t macs =
        layer.linear ? std::size_t(layer.inputs) * layer.outputs : graph.macs() - macs_before;
    if (!layer.linear) x = graph.global_pool(x);
    graph.linear(x, "classes", layer.linear ? layer.outputs : 1);

    const auto network = std::make_shared<FloatLayer>(graph, batch);
    const std::vector<float> images = random_values(batch * layer.input().size());
    const std::vector<WeightedUnit*>& convs = network->plan.weighted;
    WeightedUnit* const unit = convs[layer.reads_images() ? 0 : 1];
    for (int slot = 0; slot < batch; ++slot) {
        network->plan.input->set(slot, images.data() + slot * layer.input().size());
        if (unit != convs.front()) convs.front()->forward(slot, network->scratch[0]);
    }
    const auto run = [network, unit, batch] {
        parallel_for(static_cast<std::size_t>(batch), [&](std::size_t slot, int worker) {
            unit->forward(static_cast<int>(slot), network->scratch[static_cast<std::size_t>(worker)]);
        });
    };
    return {run, macs, sizeof(float) * macs / (static_cast<std::size_t>(out.h) * out.w),
            sizeof(float) * (layer.input().size() + out.size())};
}

std::unique_ptr<Call> make_call(const Layer& layer, const std::string& precision, int batch) {
    for (const auto& [name, scheme] : kPrecisions)
        if (name == precision) return std::make_unique<Call>(integer_call(layer, scheme_from(scheme), batch));
    return std::make_unique<Call>(float_call(layer, batch));
}

void count(benchmark::State& state, const Call& call, int batch) {
    count(state, Work{static_cast<double>(call.macs) * batch, static_cast<double>(call.weight_bytes),
                      static_cast<double>(call.activation_bytes) * batch});
}

void time_warm(benchmark::State& state, const std::string& name, const Layer& layer,
               const std::string& precision, int batch) {
    const Call& call = prepared<Call>(name, [&] { return make_call(layer, precision, batch); });
    call.run();
    for (auto _ : state) call.run();
    count(state, call, batch);
}

void time_cold(benchmark::State& state, const std::string& name, const Layer& layer,
               const std::string& precision) {
    const Call& call = prepared<Call>(name, [&] { return make_call(layer, precision, 1); });
    call.run();
    for (auto _ : state) {
        evict_caches();
        const auto start = std::chrono::steady_clock::now();
        call.run();
        state.SetIterationTime(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    count(state, call, 1);
}

}  // namespace

void register_layers() {
    constexpr int kColdCalls = 15;
    std::vector<std::string> precisions{"f32"};
    for (const auto& [name, scheme] : kPrecisions) precisions.push_back(name);
    for (const Layer& layer : read_layers())
        for (const std::string& precision : precisions) {
            for (int batch : layer.batches) {
                const std::string name =
                    "layer/" + layer.name + "/" + precision + "/b" + std::to_string(batch);
                benchmark::RegisterBenchmark(
                    name.c_str(),
                    [=](benchmark::State& state) { time_warm(state, name, layer, precision, batch); })
                    ->UseRealTime()
                    ->Unit(benchmark::kMillisecond);
            }
            if (!layer.meets_cold_weights()) continue;
            const std::string name = "cold/" + layer.name + "/" + precision + "/b1";
            benchmark::RegisterBenchmark(
                name.c_str(), [=](benchmark::State& state) { time_cold(state, name, layer, precision); })
                ->UseManualTime()
                ->Iterations(kColdCalls)
                ->Unit(benchmark::kMillisecond);
        }
}

}  // namespace nibble
