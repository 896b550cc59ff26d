#include "experiments/pipeline/deployment.hpp"

#include "engine/infer/lower.hpp"
#include "engine/quant/input_codes.hpp"
#include "experiments/pipeline/provenance.hpp"

namespace nibble {

NetworkBits bits_of(const TrainConfig& config) {
    return config.quantization ? config.quantization->bits() : network_bits_of(config.numerics);
}

Deployment deploy(const TrainConfig& config, const Graph& graph, const Weights& weights,
                  const Weights& quantizer_state) {
    if (config.is_float())
        return {
            make_classifier(graph, weights, config.numerics), {}, executed_as(to_string(config.numerics))};
    const TrainingMethod& method = *config.quantization;
    auto layers = method.quantizer(graph, {});
    layers->set_state(quantizer_state);
    if (!method.quantizes_activations()) {
        const Weights rounded = layers->rounded(weights);
        return {
            make_classifier(graph, rounded, Numerics::f32), {}, executed_as(method.name() + "-f32"), rounded};
    }
    if (method.is_simulation())
        return {make_classifier(graph, weights, config.numerics, std::move(layers)),
                {},
                executed_as(method.name() + "-simulated-" + to_string(config.numerics))};
    IntegerGraph integers = lower(graph, weights, layers->quantization(weights));
    return {make_classifier(integers), integers, executed_as(method.name())};
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
