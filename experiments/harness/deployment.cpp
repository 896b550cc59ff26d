#include "experiments/harness/deployment.hpp"

#include "engine/infer/lower.hpp"
#include "engine/quant/aqt/quantizer.hpp"
#include "experiments/harness/provenance.hpp"

namespace nibble {

NetworkBits bits_of(const TrainConfig& config) {
    if (!config.quantization) return network_bits_of(config.numerics);
    return aqt::bits_of(*config.quantization);
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

}  // namespace nibble
