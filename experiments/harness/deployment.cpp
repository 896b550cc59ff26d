#include "experiments/harness/deployment.hpp"

#include "engine/infer/lower.hpp"
#include "engine/quant/aqt/quantizer.hpp"
#include "engine/quant/fgq/quantizer.hpp"
#include "engine/quant/input_codes.hpp"
#include "experiments/harness/provenance.hpp"

namespace nibble {

namespace {
constexpr int kFloatBits = 16;  // of activations beside quantized weights, which are trained in bf16

NetworkBits bits_of(const fgq::Method& method) {
    const int activations = method.activation_bits > 0 ? method.activation_bits : kFloatBits;
    const OperandBits inner{method.group > 0 ? 2 : method.weight_bits, activations};
    const OperandBits first{method.ternary_first ? inner.weights : 8,
                            method.activation_bits > 0 ? 8 : kFloatBits};
    return {first, inner, inner};
}
}  // namespace

std::unique_ptr<TrainingQuantizer> training_quantizer(const TrainConfig& config, const Graph& graph,
                                                      int slots, std::size_t steps) {
    if (config.quantization)
        return std::make_unique<aqt::NetworkLayers>(graph, *config.quantization, slots, steps);
    if (config.fine_tuning)
        return std::make_unique<fgq::NetworkLayers>(graph, config.fine_tuning->method,
                                                    std::vector<Histogram>{});
    return nullptr;
}

NetworkBits bits_of(const TrainConfig& config) {
    if (config.fine_tuning) return bits_of(config.fine_tuning->method);
    if (!config.quantization) return network_bits_of(config.numerics);
    return aqt::bits_of(*config.quantization);
}

Deployment deploy(const TrainConfig& config, const Graph& graph, const Weights& weights,
                  const Weights& quantizer_state) {
    auto layers = training_quantizer(config, graph, 0, 0);
    if (!layers)
        return {
            make_classifier(graph, weights, config.numerics), {}, executed_as(to_string(config.numerics))};
    layers->set_state(quantizer_state);
    const std::string method = method_of(config);
    const int activation_bits = config.fine_tuning ? config.fine_tuning->method.activation_bits
                                                   : config.quantization->activation_bits;
    if (activation_bits == 0) {
        const Weights rounded = layers->rounded(weights);
        return {make_classifier(graph, rounded, Numerics::f32), {}, executed_as(method + "-f32"), rounded};
    }
    if (config.quantization && config.quantization->unfolded)
        return {make_classifier(graph, weights, config.numerics, std::move(layers)),
                {},
                executed_as(method + "-simulated-" + to_string(config.numerics))};
    IntegerGraph integers = lower(graph, weights, layers->quantization(weights));
    return {make_classifier(integers), integers, executed_as(method)};
}

Deployment deploy(const PostTrained& network, const std::string& method) {
    const Graph& graph = network.network.graph;
    if (runs_as_integers(network)) {
        IntegerGraph integers = lower(graph, network.network.weights, network.quantization);
        return {make_classifier(integers), integers, executed_as(method)};
    }
    std::unique_ptr<NetworkQuantizer> inputs;
    if (!network.quantization.edges.empty())
        inputs = std::make_unique<InputQuantizers>(graph, network.quantization.edges);
    return {make_classifier(graph, rounded_weights(network), Numerics::f32, std::move(inputs)),
            {},
            executed_as(method == "f32" ? method : method + "-f32")};
}

}  // namespace nibble
