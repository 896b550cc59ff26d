#include "engine/quant/aqt/quantizer.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/core/parallel.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble::aqt {

Layer::Layer(const Options& options)
    : options_(options),
      statistics_(options.channels, options.bounds == Granularity::channel ? options.channels : 1) {
    statistics_.set_slots(options.slots);
}

bool Layer::observes() const {
    return options_.input_bits > 0 && bounds_.size() == 0 && options_.rule.kind != BoundRule::Kind::fixed;
}

void Layer::set_bounds(Vector<float> bounds) {
    bounds_ = std::move(bounds);
    codes_ = std::make_unique<InputCodes>();
    const int bits = options_.input_bits;
    if (options_.non_negative) {
        codes_->lowest = 0.0f;
        codes_->highest = static_cast<float>((1 << bits) - 1);
        codes_->rounding = Rounding::floor;
        codes_->floored = true;
        codes_->at_bounds = 0.5f;
    } else {
        codes_->highest = static_cast<float>((1 << (bits - 1)) - 1);
        codes_->lowest = -codes_->highest;
        codes_->rounding = Rounding::half_up;
    }
    const float levels = options_.non_negative ? static_cast<float>(1 << bits) : codes_->highest;
    const std::array channels{static_cast<std::size_t>(options_.channels)};
    const Vector<float> multipliers = levels / (xt::broadcast(bounds_, channels) + kEpsilon),
                        steps = 1.0f / multipliers;
    codes_->multipliers.assign(multipliers.begin(), multipliers.end());
    codes_->steps.assign(steps.begin(), steps.end());
}

Vector<float> Layer::by_weight(const std::vector<float>& inputs, std::size_t group, std::size_t size) const {
    const std::size_t channels = inputs.size() / static_cast<std::size_t>(options_.groups);
    const auto of_group = matrix_of(inputs.data() + group * channels, channels, 1);
    return xt::flatten(xt::broadcast(of_group, std::array{channels, size / channels}));
}

template <class Visit>
void Layer::for_channels(const Array<float>& weights, Visit visit) const {
    const std::size_t outputs = weights.shape()[0], size = weights.size() / outputs,
                      outputs_a_group = outputs / static_cast<std::size_t>(options_.groups);
    Channel channel;
    for (std::size_t o = 0; o < outputs; ++o) {
        if (by_channel() && o % outputs_a_group == 0) {
            channel.input_steps = by_weight(codes_->steps, o / outputs_a_group, size);
            channel.input_multipliers = by_weight(codes_->multipliers, o / outputs_a_group, size);
        }
        channel.output = o;
        channel.first = o * size;
        const auto w = vector_of(weights.data() + channel.first, size);
        if (folds_steps())
            xt::noalias(channel.weights) = w * channel.input_steps;
        else
            xt::noalias(channel.weights) = w;
        channel.multiplier = options_.weights.multiplier(channel.weights);
        visit(channel);
    }
}

void Layer::encode(const Array<float>& weights, WeightCodes& to) const {
    to.codes.resize(weights.size());
    to.values.resize(weights.size());
    to.units.resize(weights.shape()[0]);
    const double input_step = codes_ && !by_channel() ? static_cast<double>(codes_->steps[0]) : 1.0;
    for_channels(weights, [&](const Channel& at) {
        const float step = 1.0f / at.multiplier;
        const Vector<float> code = options_.weights.codes(at.weights, at.multiplier);
        auto codes = vector_of(to.codes.data() + at.first, code.size()),
             values = vector_of(to.values.data() + at.first, code.size());
        xt::noalias(codes) = code;
        xt::noalias(values) = code * step;
        if (folds_steps())
            values *= at.input_multipliers;
        else if (by_channel())
            codes *= at.input_steps;
        to.units[at.output] = static_cast<double>(step) * input_step;
    });
}

void Layer::pass_weight_gradient(const Array<float>& weights, std::span<float> gradient) const {
    if (!options_.weights.half_shift) return;  // no weight passes the largest, and that one is not clipped
    for_channels(weights, [&](const Channel& at) {
        auto g = vector_of(gradient.data() + at.first, at.weights.size());
        xt::noalias(g) = xt::where(xt::abs(at.weights * at.multiplier) > options_.weights.clip(), 0.0f, g);
    });
}

Quantizer Layer::quantizer() const {
    const Scheme scheme{.bits = options_.input_bits,
                        .is_signed = !options_.non_negative,
                        .range = options_.non_negative ? Range::full : Range::narrow,
                        .granularity = options_.bounds};
    if (options_.bounds == Granularity::channel)
        return make_channel_quantizer(scheme, codes_->multipliers, codes_->rounding);
    return {scheme, codes_->rounding, codes_->multipliers[0], codes_->steps[0]};
}

QuantizedWeights Layer::quantized(const Array<float>& weights) const {
    const WeightGrid& grid = options_.weights;
    if (grid.half_shift || grid.bits < 2)
        throw Unsupported(
            "integer execution of weights with half shift or of 1 bit: their codes are not "
            "integers of 2 to 8 bits");
    if (options_.unfolded)
        throw Unsupported(
            "integer execution of unfolded weights: their products need a scale for each input channel "
            "inside the sum");
    QuantizedWeights q;
    q.scheme = {.bits = grid.bits, .range = Range::narrow};
    q.shape.assign(weights.shape().begin(), weights.shape().end());
    q.codes.resize(weights.size());
    q.steps.resize(q.outputs());
    for_channels(weights, [&](const Channel& at) {
        if (!xt::all(xt::isfinite(at.weights * at.multiplier)))
            throw BadInput("quantization: a weight is not a finite number");
        auto codes = vector_of(q.codes.data() + at.first, at.weights.size());
        xt::noalias(codes) = xt::cast<std::int8_t>(grid.codes(at.weights, at.multiplier));
        q.steps[at.output] = 1.0f / at.multiplier;
    });
    return q;
}

NetworkLayers::NetworkLayers(const Graph& graph, const Method& method, int slots, std::size_t steps)
    : graph_(graph), method_(method), start_(std::max<std::size_t>(1, steps * method.start_percent / 100)) {
    const BitsByLayer bits = bits_by_layer(graph, bits_of(method));
    const std::vector<bool> non_negative = non_negative_values(graph);
    for (int i : graph.weighted_layers()) {
        const Node& node = graph[i];
        Layer::Options options;
        options.weights = {bits.at(node.name).weights, method.half_shift};
        options.input_bits = method.activation_bits > 0 ? bits.at(node.name).activations : 0;
        options.non_negative = non_negative[static_cast<std::size_t>(node.inputs[0])];
        options.bounds = method.bounds;
        options.unfolded = method.unfolded;
        options.rule = method.rule;
        options.channels = graph[node.inputs[0]].out.c;
        options.groups = node.groups;
        options.slots = slots;
        layers_.emplace(node.name, std::make_unique<Layer>(options));
    }
    const bool from_the_first_step = method.rule.kind == BoundRule::Kind::fixed && method.start_percent == 0;
    if (from_the_first_step && method.activation_bits > 0) set_bounds();
}

void NetworkLayers::set_bounds() {
    for (auto& [name, layer] : layers_) layer->set_bounds(layer->statistics().bounds(method_.rule));
}

LayerQuantizer* NetworkLayers::layer(const std::string& name) {
    const auto found = layers_.find(name);
    return found == layers_.end() ? nullptr : found->second.get();
}

std::vector<Layer*> NetworkLayers::observing() const {
    std::vector<Layer*> list;
    for (auto& [name, layer] : layers_)
        if (layer->observes()) list.push_back(layer.get());
    return list;
}

void NetworkLayers::finish_part(int images) {
    const std::vector<Layer*> list = observing();
    parallel_for(list.size(), [&](std::size_t i) { list[i]->statistics().finish_part(images); });
}

void NetworkLayers::finish_step(std::size_t steps) {
    if (method_.activation_bits == 0) return;
    for (Layer* layer : observing()) layer->statistics().finish_batch();
    if (steps == start_ && !complete()) set_bounds();
}

std::map<std::string, Array<float>> NetworkLayers::state() const {
    std::map<std::string, Array<float>> state;
    if (method_.activation_bits == 0) return state;
    for (const auto& [name, layer] : layers_) {
        state[name + ".input_statistics"] = layer->statistics().running();
        if (layer->bounds().size() > 0) state[name + ".input_bounds"] = layer->bounds();
    }
    return state;
}

void NetworkLayers::set_state(const std::map<std::string, Array<float>>& state) {
    std::size_t taken = 0;
    for (auto& [name, layer] : layers_) {
        if (method_.activation_bits == 0) break;
        const auto take = [&](const std::string& key, const Shape& shape) -> const Array<float>* {
            const auto found = state.find(key);
            if (found == state.end()) return nullptr;
            ++taken;
            const Array<float>& values = found->second;
            if (Shape(values.shape().begin(), values.shape().end()) != shape)
                throw BadInput("state of quantization: tensor '" + key + "' has another shape");
            if (!xt::all(xt::isfinite(values)))
                throw BadInput("state of quantization: tensor '" + key + "' is not finite");
            return &values;
        };
        const Shape running(layer->statistics().running().shape().begin(),
                            layer->statistics().running().shape().end());
        const Array<float>* statistics = take(name + ".input_statistics", running);
        if (!statistics) throw BadInput("state of quantization: nothing for layer '" + name + "'");
        layer->statistics().set_running(*statistics);
        if (const Array<float>* bounds = take(name + ".input_bounds", {running[1]})) {
            if (xt::any(*bounds < 0.0f))
                throw BadInput("state of quantization: a bound of layer '" + name + "' is negative");
            layer->set_bounds(*bounds);
        }
    }
    if (taken != state.size())
        throw BadInput("state of quantization: it holds tensors of another network or method");
}

std::string NetworkLayers::identity() const {
    return "aqt " + to_string(method_) + " from step " + std::to_string(start_);
}

bool NetworkLayers::complete() const {
    return method_.activation_bits == 0 ||
           std::all_of(layers_.begin(), layers_.end(), [](const auto& l) { return l.second->input(); });
}

Quantization NetworkLayers::quantization(const Weights& weights) const {
    Quantization q;
    for (int i : graph_.weighted_layers()) {
        const Node& node = graph_[i];
        const Layer& layer = *layers_.at(node.name);
        if (!layer.input())
            throw Unsupported("layer '" + node.name + "': its input is still float; train past " +
                              std::to_string(method_.start_percent) + " % of the steps");
        q.layers.emplace(node.name, layer.quantized(weights.at(node.name + ".weight")));
        q.edges.emplace(GraphEdge{i, 0}, layer.quantizer());
    }
    return q;
}

Weights NetworkLayers::rounded(const Weights& weights) const {
    Weights all = weights;
    WeightCodes codes;
    for (const auto& [name, layer] : layers_) {
        Array<float>& values = all.at(name + ".weight");
        layer->encode(values, codes);
        std::copy(codes.values.begin(), codes.values.end(), values.begin());
    }
    return all;
}

}  // namespace nibble::aqt
