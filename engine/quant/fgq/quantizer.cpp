#include "engine/quant/fgq/quantizer.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/quant/edges.hpp"
#include "engine/quant/fgq/activations.hpp"
#include "engine/quant/fgq/weights.hpp"
#include "engine/quant/input_codes.hpp"
#include "engine/quant/mmse/weights.hpp"

namespace nibble::fgq {
namespace {

constexpr int kFirstBits = 8;

/// Of all weights but the first convolution's.
Scheme scheme_of(const Method& method) {
    if (method.group == 0) return {.bits = method.weight_bits};
    return {.kind = Kind::ternary,
            .bits = 2,
            .range = Range::narrow,
            .granularity = Granularity::group,
            .group = method.group};
}

}  // namespace

void Layer::encode(const Array<float>& weights, WeightCodes& to) const {
    const QuantizedWeights q = quantized(weights);
    const Array<float> values = q.values();
    to.values.assign(values.begin(), values.end());
    to.codes.resize(weights.size());
    for (std::size_t i = 0; i < to.codes.size(); ++i) to.codes[i] = static_cast<float>(q.product_of(i));
    const double input_step = quantizer_ ? static_cast<double>(quantizer_->step) : 1.0;
    to.units.clear();
    for (float step : q.steps) to.units.push_back(static_cast<double>(step) * input_step);
}

void Layer::set_input(const Quantizer& quantizer, int channels) {
    quantizer_ = quantizer;
    codes_ = codes_by(quantizer, channels);
}

QuantizedWeights Layer::quantized(const Array<float>& weights) const {
    return scheme_.kind == Kind::ternary ? ternary_weights(weights, scheme_.group, rule_)
                                         : mmse::quantize_weights(weights, scheme_);
}

NetworkLayers::NetworkLayers(const Graph& graph, const Method& method,
                             const std::vector<Histogram>& activations)
    : graph_(graph), method_(method) {
    if (!method.quantizes()) throw BadInput("fgq", "method", "one that quantizes", to_string(method));
    const Scheme inner = scheme_of(method), first = method.ternary_first ? inner : Scheme{.bits = kFirstBits};
    for (int i : graph.weighted_layers()) {
        const bool is_first = layers_.empty();
        const int bits = is_first && method.activation_bits > 0 ? kFirstBits : method.activation_bits;
        layers_.push_back({i, bits, std::make_unique<Layer>(is_first ? first : inner, method.rule)});
    }
    if (activations.empty() || method.activation_bits == 0) return;
    if (activations.size() != graph.nodes().size())
        throw BadInput("fgq", "activations", "one histogram a node, " + std::to_string(graph.nodes().size()),
                       std::to_string(activations.size()));
    for (const Place& place : layers_)
        set_input(place,
                  dynamic_fixed_point(activations[static_cast<std::size_t>(graph[place.node].inputs[0])],
                                      place.input_bits, method.exponents));
}

void NetworkLayers::set_input(const Place& place, const Quantizer& quantizer) {
    place.layer->set_input(quantizer, graph_[graph_[place.node].inputs[0]].out.c);
}

LayerQuantizer* NetworkLayers::layer(const std::string& name) {
    for (Place& place : layers_)
        if (graph_[place.node].name == name) return place.layer.get();
    return nullptr;
}

std::map<std::string, Array<float>> NetworkLayers::state() const {
    std::map<std::string, Array<float>> state;
    for (const Place& place : layers_) {
        if (!place.layer->quantizer()) continue;
        const Quantizer& quantizer = *place.layer->quantizer();
        Array<float> input(Shape{2});
        input.data()[0] = quantizer.step;
        input.data()[1] = quantizer.scheme.is_signed ? 1.0f : 0.0f;
        state.emplace(graph_[place.node].name + ".input_step", std::move(input));
    }
    return state;
}

void NetworkLayers::set_state(const std::map<std::string, Array<float>>& state) {
    if (state.size() != (method_.activation_bits > 0 ? layers_.size() : 0))
        throw BadInput("state of quantization: it holds tensors of another network or method");
    if (state.empty()) return;
    for (const Place& place : layers_) {
        const std::string key = graph_[place.node].name + ".input_step";
        const auto found = state.find(key);
        if (found == state.end() || found->second.size() != 2)
            throw BadInput("state of quantization: tensor '" + key + "' is missing or has another shape");
        const float step = found->second.data()[0], is_signed = found->second.data()[1];
        int exponent = 0;
        if (!(step > 0) || !std::isfinite(step) || std::frexp(step, &exponent) != 0.5f ||
            (is_signed != 0 && is_signed != 1))
            throw BadInput("state of quantization: tensor '" + key + "' is no power of two and 0 or 1");
        set_input(place, make_quantizer({.bits = place.input_bits,
                                         .is_signed = is_signed == 1,
                                         .granularity = Granularity::tensor},
                                        step));
    }
}

std::string NetworkLayers::identity() const {
    return "fgq " + to_string(method_);
}

bool NetworkLayers::complete() const {
    return method_.activation_bits == 0 ||
           std::all_of(layers_.begin(), layers_.end(), [](const Place& p) { return p.layer->input(); });
}

Quantization NetworkLayers::quantization(const Weights& weights) const {
    Quantization q;
    for (const Place& place : layers_) {
        if (!place.layer->quantizer())
            throw Unsupported("integer execution of " + to_string(method_) + ": activations are float");
        q.edges.emplace(GraphEdge{place.node, 0}, *place.layer->quantizer());
    }
    q.layers = quantized_weights(weights);
    return q;
}

std::map<std::string, QuantizedWeights> NetworkLayers::quantized_weights(const Weights& weights) const {
    std::vector<QuantizedWeights> quantized(layers_.size());
    parallel_for(layers_.size(), [&](std::size_t k) {
        quantized[k] = layers_[k].layer->quantized(weights.at(graph_[layers_[k].node].name + ".weight"));
    });
    std::map<std::string, QuantizedWeights> by_name;
    for (std::size_t k = 0; k < layers_.size(); ++k)
        by_name.emplace(graph_[layers_[k].node].name, std::move(quantized[k]));
    return by_name;
}

Weights NetworkLayers::rounded(const Weights& weights) const {
    Weights rounded = weights;
    for (const auto& [name, layer] : quantized_weights(weights))
        rounded.at(name + ".weight") = layer.values();
    return rounded;
}

void quantize_residuals(const Graph& graph, const std::vector<Histogram>& activations, int bits,
                        Exponents exponents, Quantization& quantization) {
    for (const GraphEdge& edge : residual_edges(graph))
        quantization.edges.emplace(
            edge, dynamic_fixed_point(activations.at(source_of(graph, edge)), bits, exponents));
}

}  // namespace nibble::fgq
