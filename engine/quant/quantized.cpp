#include "engine/quant/quantized.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/core/error.hpp"
#include "engine/nn/fusion.hpp"
#include "engine/quant/packing.hpp"

namespace nibble {
namespace {

/// Weights between one input and one output channel.
std::size_t taps_of(const Shape& shape) {
    std::size_t taps = 1;
    for (std::size_t d = 2; d < shape.size(); ++d) taps *= shape[d];
    return taps;
}

}  // namespace

std::size_t groups_of(std::size_t inputs, int group) {
    return (inputs + static_cast<std::size_t>(group) - 1) / static_cast<std::size_t>(group);
}

std::size_t QuantizedWeights::multiplier_index(std::size_t i) const {
    const std::size_t taps = taps_of(shape), inputs = shape[1];
    const std::size_t tap = i % taps, input = i / taps % inputs, output = i / taps / inputs;
    const std::size_t group = input / static_cast<std::size_t>(scheme.group);
    return (output * groups_of(inputs, scheme.group) + group) * taps + tap;
}

std::size_t QuantizedWeights::term_channels() const {
    std::size_t channels = outputs();
    for (const ExtraTerm& term : extra) channels += term.outputs.size();
    return channels;
}

int QuantizedWeights::product_of(std::size_t i) const {
    if (i < codes.size()) return multipliers.empty() ? codes[i] : codes[i] * multipliers[multiplier_index(i)];
    i -= codes.size();
    auto term = extra.begin();
    for (; i >= term->codes.size(); ++term) i -= term->codes.size();
    return term->codes[i];
}

Array<float> QuantizedWeights::values() const {
    const std::size_t per_output = codes.size() / outputs();
    std::vector<double> sums(codes.size());  // rounded once; a single product of a code and a step is exact
    for (std::size_t i = 0; i < codes.size(); ++i)
        sums[i] = product_of(i) * static_cast<double>(step(i / per_output));
    for (const ExtraTerm& term : extra)
        for (std::size_t j = 0; j < term.codes.size(); ++j)
            sums[term.outputs[j / per_output] * per_output + j % per_output] +=
                term.codes[j] * static_cast<double>(term.steps[j / per_output]);
    Array<float> values(shape);
    for (std::size_t i = 0; i < sums.size(); ++i) values.data()[i] = static_cast<float>(sums[i]);
    return values;
}

std::size_t QuantizedWeights::bytes() const {
    std::size_t bytes = packed_bytes(scheme, codes.size()) + 4 * steps.size() + multipliers.size();
    for (const ExtraTerm& term : extra)
        bytes += packed_bytes(scheme, term.codes.size()) + 8 * term.outputs.size();
    return bytes;
}

double QuantizedWeights::bits_per_weight() const {
    const std::size_t extra_channels = term_channels() - outputs();
    const std::size_t all_codes = codes.size() + extra_channels * (codes.size() / outputs());
    const std::size_t all_steps = steps.size() + extra_channels;
    const std::size_t bits =
        static_cast<std::size_t>(scheme.bits) * all_codes + 32 * all_steps + 8 * multipliers.size();
    return static_cast<double>(bits) / static_cast<double>(codes.size());
}

namespace {

/// A step of its own for each listed output, codes within the scheme's range.
void check(const ExtraTerm& term, const QuantizedWeights& w, const std::string& where) {
    const std::size_t per_output = w.codes.size() / w.outputs();
    if (!std::is_sorted(term.outputs.begin(), term.outputs.end(), std::less_equal<>{}) ||
        (!term.outputs.empty() && term.outputs.back() >= w.outputs()))
        throw BadInput(where, "output channels of an extra term",
                       "ascending, below " + std::to_string(w.outputs()), "something else");
    if (term.codes.size() != term.outputs.size() * per_output || term.steps.size() != term.outputs.size())
        throw BadInput(where, "codes and steps of an extra term", "those of its channels", "another number");
    for (std::size_t j = 0; j < term.codes.size(); ++j) {
        const int code = term.codes[j];
        const float step = term.steps[j / per_output];
        if (!std::isfinite(step) || (step == 0 && code != 0))
            throw BadInput(where, "step of an extra term", "a finite number, not 0", std::to_string(step));
        if (code < w.scheme.lowest() || code > w.scheme.highest())
            throw BadInput(where, "code of an extra term", to_string(w.scheme), std::to_string(code));
    }
}

}  // namespace

void check(const QuantizedWeights& w, const std::string& layer) {
    const std::string where = "weights of " + layer;
    const auto require_size = [&](const char* what, std::size_t expected, std::size_t found) {
        if (expected != found) throw BadInput(where, what, std::to_string(expected), std::to_string(found));
    };
    check(w.scheme);
    if (!w.scheme.is_signed) throw BadInput(where, "codes", "signed", to_string(w.scheme));
    if ((w.shape.size() != 2 && w.shape.size() != 4) || count(w.shape) == 0)
        throw BadInput(where, "shape", "2 or 4 dimensions, none of them 0", to_string(w.shape));
    require_size("number of codes", count(w.shape), w.codes.size());
    const bool grouped = w.scheme.granularity == Granularity::group;
    require_size("number of steps", w.scheme.granularity == Granularity::tensor ? 1 : w.outputs(),
                 w.steps.size());
    require_size("number of multipliers",
                 grouped ? w.outputs() * groups_of(w.shape[1], w.scheme.group) * taps_of(w.shape) : 0,
                 w.multipliers.size());
    for (float step : w.steps)
        if (!std::isfinite(step)) throw BadInput(where, "step", "a finite number", std::to_string(step));
    const std::size_t per_output = w.codes.size() / w.outputs();
    for (std::size_t i = 0; i < w.codes.size(); ++i) {
        const int code = w.codes[i], product = w.product_of(i);
        if (code != 0 && w.step(i / per_output) == 0)
            throw BadInput(where, "step of codes that are not 0", "another number", "0");
        if (code < w.scheme.lowest() || code > w.scheme.highest())
            throw BadInput(where, "code", to_string(w.scheme), std::to_string(code));
        if (product < -128 || product > 127 || (grouped && w.multipliers[w.multiplier_index(i)] == 0))
            throw BadInput(where, "code times multiplier", "-128 to 127, multipliers not 0",
                           std::to_string(product));
    }
    const bool is_sum = w.scheme.kind == Kind::sum;
    if (is_sum && w.scheme.granularity != Granularity::channel)
        throw BadInput(where, "granularity of a sum", "one scale per output channel", to_string(w.scheme));
    require_size("number of extra terms", is_sum ? static_cast<std::size_t>(w.scheme.terms) - 1 : 0,
                 w.extra.size());
    for (const ExtraTerm& term : w.extra) check(term, w, where);
}

void check(const std::map<GraphEdge, Quantizer>& edges, const Graph& graph) {
    for (const auto& [edge, quantizer] : edges) {
        if (edge.reader < 0 || edge.reader >= graph.size() || edge.operand < 0 ||
            edge.operand >= static_cast<int>(graph[edge.reader].inputs.size()))
            throw BadInput("quantization: the network has no edge into node " + std::to_string(edge.reader) +
                           ", operand " + std::to_string(edge.operand));
        const Node& reader = graph[edge.reader];
        check(quantizer, static_cast<std::size_t>(graph[reader.inputs[edge.operand]].out.c));
        if (quantizer.by_channel() && !is_weighted(reader))
            throw BadInput(describe(graph, edge.reader), "what it reads",
                           "floats, or codes with one scale per tensor", to_string(quantizer.scheme));
    }
}

void check(const Quantization& quantization, const Graph& graph, const Weights& weights) {
    for (const auto& [name, layer] : quantization.layers) {
        check(layer, name);
        const auto weight = weights.find(name + ".weight");
        if (weight == weights.end()) throw BadInput("quantization: the network has no layer '" + name + "'");
        const Shape shape(weight->second.shape().begin(), weight->second.shape().end());
        if (layer.shape != shape)
            throw BadInput("weights of " + name, "shape", to_string(shape), to_string(layer.shape));
    }
    check(quantization.edges, graph);
}

}  // namespace nibble
