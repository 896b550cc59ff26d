#include "experiments/harness/deployment.hpp"

#include "engine/infer/lower.hpp"
#include "engine/quant/aqt/quantizer.hpp"
#include "engine/quant/input_codes.hpp"
#include "experiments/harness/provenance.hpp"

namespace nibble {

NetworkBits bits_of(const TrainConfig& config) {
    if (!config.quantization) return network_bits_of(config.numerics);
    const aqt::Method& method = *config.quantization;
    const bool weights_only = method.activation_bits == 0;
    const OperandBits inner{method.weight_bits, weights_only ? 16 : method.activation_bits};
    const OperandBits end{8, weights_only ? 16 : 8};
    const bool first_8 = method.ends != aqt::Method::Ends::same,
               last_8 = method.ends == aqt::Method::Ends::both_8;
    return {first_8 ? end : inner, inner, last_8 ? end : inner};
}

Deployment deploy(const TrainConfig& config, const Graph& graph, const Weights& weights,
                  const Weights& quantizer_state) {
    if (!config.quantization)
        return {
            make_classifier(graph, weights, config.numerics), {}, executed_as(to_string(config.numerics))};
    aqt::NetworkLayers layers(graph, *config.quantization, 0, 0);
    layers.set_state(quantizer_state);
    const std::string method = aqt::to_string(*config.quantization);
    if (config.quantization->activation_bits == 0)
        return {
            make_classifier(graph, layers.rounded(weights), Numerics::f32), {}, executed_as(method + "-f32")};
    IntegerGraph integers = lower(graph, weights, layers.quantization(weights));
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
