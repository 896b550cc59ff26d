#include "engine/api/network.hpp"

#include <memory>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/infer/executor.hpp"
#include "engine/infer/file.hpp"
#include "engine/infer/lower.hpp"
#include "engine/infer/quantized_file.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/kernels/dispatch.hpp"
#include "engine/nn/predictor.hpp"
#include "engine/onnx/network.hpp"
#include "engine/quant/input_codes.hpp"

namespace nibble::api {

namespace {
using Logits = std::function<void(std::span<const float>, std::span<float>)>;

struct Runnable {
    Dims input;
    int classes;
    std::string arithmetic;
    Logits logits;
};

Runnable runnable(IntegerGraph graph) {
    const auto executor = std::make_shared<IntegerExecutor>(std::move(graph));
    return {executor->graph().input_dims(), executor->graph().classes(), "integers",
            [executor](auto images, auto logits) { executor->logits(images, logits); }};
}

Runnable runnable(const Graph& graph, const Weights& weights, Numerics numerics,
                  std::unique_ptr<NetworkQuantizer> inputs = nullptr) {
    const auto predictor = std::make_shared<Predictor>(graph, weights, numerics, std::move(inputs));
    return {graph.input_dims(), graph.classes(), to_string(numerics),
            [predictor](auto images, auto logits) { predictor->logits(images, logits); }};
}

Runnable runnable(const PostTrained& network) {
    const Graph& graph = network.network.graph;
    if (runs_as_integers(network))
        return runnable(lower(graph, network.network.weights, network.quantization));
    std::unique_ptr<NetworkQuantizer> inputs;
    if (!network.quantization.edges.empty())
        inputs = std::make_unique<InputQuantizers>(graph, network.quantization.edges);
    return runnable(graph, rounded_weights(network), Numerics::f32, std::move(inputs));
}

Runnable runnable(OnnxNetwork network) {
    if (network.quantization)
        return runnable(PostTrained{{std::move(network.graph), std::move(network.weights), {}},
                                    std::move(*network.quantization)});
    const auto stated = network.metadata.find("numerics");
    return runnable(network.graph, network.weights,
                    stated == network.metadata.end() ? Numerics::f32 : numerics_from(stated->second));
}

Runnable runnable(const Safetensors& file) {
    if (is_integer_network(file)) return runnable(integer_graph_from(file));
    if (is_quantized_network(file)) return runnable(post_trained_from(file));
    throw BadInput(
        "holds float weights alone; make a network of them with `nibble quantize` or `nibble export`");
}
}  // namespace

Network::Network(const std::filesystem::path& path) {
    Runnable found;
    if (path.extension() == ".onnx") {
        OnnxNetwork network = read_onnx(path);
        metadata_ = network.metadata;
        found = runnable(std::move(network));
    } else {
        const Safetensors file = read_safetensors(path);
        metadata_ = file.metadata;
        try {
            found = runnable(file);
        } catch (const BadInput& e) {
            throw BadInput(path.string() + ": " + e.what());
        }
    }
    input_ = found.input;
    classes_ = found.classes;
    runs_as_ = found.arithmetic + "-" + kernels::active().name;
    logits_ = std::move(found.logits);
}

void Network::run(std::span<const float> images, std::span<float> logits) const {
    const std::size_t size = input_.size(), classes = static_cast<std::size_t>(classes_);
    if (images.size() % size != 0 || logits.size() != images.size() / size * classes)
        throw BadInput("run", "lengths of images and logits",
                       "n x " + std::to_string(size) + " and n x " + std::to_string(classes) + " floats",
                       std::to_string(images.size()) + " and " + std::to_string(logits.size()));
    const std::lock_guard lock(running_);
    logits_(images, logits);
}

}  // namespace nibble::api
