#include "engine/onnx/export.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/core/error.hpp"
#include "engine/onnx/builder.hpp"

namespace nibble {

namespace {

using onnx::Builder;
using onnx::Element;
using onnx::Written;

/// `x` as its quantizer's codes, back as what they are worth. Codes with a multiplier per channel are worth
/// themselves; one that `passes` is such a code already.
Written codes_of(Builder& builder, Written x, const Quantizer& q, bool passes) {
    const float step = q.by_channel() ? 1 : q.step;
    if (q.by_channel() && !passes) {
        x = builder.image(x);
        const auto channels = static_cast<std::int64_t>(q.multipliers.size());
        x.name = builder.operation("Mul", {x.name, builder.floats(q.multipliers, {1, channels, 1, 1})});
    }
    if (q.rounding == Rounding::floor && !passes)
        x.name = builder.operation("Add", {x.name, builder.floats({-0.5f * step}, {})});
    const bool whole_byte = q.scheme.bits == 8 && q.scheme.range == Range::full;
    if (!whole_byte && !passes)
        x = builder.clamp(x, {.low = static_cast<float>(q.scheme.lowest()) * step,
                              .high = static_cast<float>(q.scheme.highest()) * step});
    const std::string scale = builder.floats({step}, {});
    const std::string zero = builder.constant(
        {{}, std::vector<std::int64_t>{q.scheme.zero_point}, q.scheme.is_signed ? Element::i8 : Element::u8});
    const std::string codes = builder.operation("QuantizeLinear", {x.name, scale, zero});
    return {builder.operation("DequantizeLinear", {codes, scale, zero}), x.flat};
}

/// One tensor of codes for all output channels, with a scale each.
struct Term {
    std::vector<std::int64_t> codes;
    std::vector<float> scales;
};

/// A layer's codes, times their multipliers; then each further term of a sum, 0 for the channels that lack it.
std::vector<Term> terms_of(const QuantizedWeights& weights, const std::vector<float>& scales,
                           const std::vector<std::vector<float>>& extra_scales) {
    const std::size_t outputs = weights.outputs(), each = weights.codes.size() / outputs;
    std::vector<Term> terms{{{}, scales}};
    for (std::size_t i = 0; i < weights.codes.size(); ++i) terms[0].codes.push_back(weights.product_of(i));
    for (std::size_t e = 0, channel = outputs; e < weights.extra.size(); ++e) {
        Term& term =
            terms.emplace_back(Term{std::vector<std::int64_t>(outputs * each), std::vector(outputs, 1.0f)});
        for (std::size_t k = 0; k < weights.extra[e].outputs.size(); ++k, ++channel) {
            const std::size_t output = weights.extra[e].outputs[k];
            term.scales[output] = extra_scales[e][k];
            for (std::size_t i = 0; i < each; ++i)
                term.codes[output * each + i] = weights.product_of(channel * each + i);
        }
    }
    return terms;
}

/// codes * scales, as int8 behind DequantizeLinear.
std::string dequantized(Builder& builder, const std::string& name, const Shape& shape, Term term) {
    const auto channels = static_cast<std::int64_t>(term.scales.size());
    const std::string stored = builder.constant(
        {{shape.begin(), shape.end()}, std::move(term.codes), Element::i8}, name + ".weight");
    return builder.operation("DequantizeLinear",
                             {stored, builder.floats(term.scales, {channels}, name + "_scale")},
                             {{"axis", std::int64_t{0}}});
}

class IntegerWriter {
  public:
    explicit IntegerWriter(const IntegerGraph& graph) : graph_(graph), builder_(graph.input_dims()) {
        values_.resize(graph.values.size());
        values_[0] = builder_.input();
    }

    onnx::File file() && {
        for (const IntegerStep& step : graph_.steps) write(step);
        const int logits = graph_.steps.back().outputs.front();
        return std::move(builder_).finish(values_[static_cast<std::size_t>(logits)], graph_.classes());
    }

  private:
    const IntegerValue& value(int i) const { return graph_.values[static_cast<std::size_t>(i)]; }
    const Written& written(int i) const { return values_[static_cast<std::size_t>(i)]; }

    void write(const IntegerStep& step) {
        const Written result = real_of(step);
        for (const int i : step.outputs) {
            const auto& quantizer = value(i).quantizer;
            values_[static_cast<std::size_t>(i)] =
                quantizer ? codes_of(builder_, result, *quantizer, step.kind == IntegerStep::Kind::pass)
                          : result;
        }
    }

    /// The numbers that a step computes, before they are quantized.
    Written real_of(const IntegerStep& step) {
        using Kind = IntegerStep::Kind;
        if (step.kind == Kind::quantize) return written(step.inputs[0]);
        if (step.kind == Kind::gemm) return behind(step, product_of(step));
        if (step.kind == Kind::rescale) return behind(step, rescaled(step));
        std::vector<Written> operands;
        for (const int i : step.inputs) operands.push_back(written(i));
        return builder_.node(complete_node(graph_, step), input_dims_of(graph_, step), operands, {});
    }

    /// + residual, then the clamp.
    Written behind(const IntegerStep& step, Written x) {
        if (step.residual >= 0) x = builder_.add(x, written(step.residual));
        return builder_.clamp(x, step.node.clamp);
    }

    Written rescaled(const IntegerStep& step) {
        Written x = written(step.inputs[0]);
        if (step.scale.empty()) return x;
        x = builder_.image(x);
        const auto channels = static_cast<std::int64_t>(step.scale.size());
        const std::string product =
            builder_.operation("Mul", {x.name, builder_.floats(step.scale, {1, channels, 1, 1})});
        return {builder_.operation("Add", {product, builder_.floats(step.shift, {1, channels, 1, 1})})};
    }

    /// The value of one code of a layer's input.
    float input_step(const IntegerStep& step) const {
        const Quantizer& input = *value(step.inputs[0]).quantizer;
        return input.by_channel() ? 1 : input.step;
    }

    Written product_of(const IntegerStep& step) {
        std::vector<Term> terms = terms_of(step.weights, step.scale, step.extra_scale);
        Written sum = layer_of(step, std::move(terms[0]), step.shift);
        for (std::size_t t = 1; t < terms.size(); ++t)
            sum = builder_.add(sum, layer_of(step, std::move(terms[t]), {}));
        return sum;
    }

    /// scale[c] * (sum of codes times codes of the input) + shift[c]
    ///
    /// Runtimes round a bias to an int32 in the unit of a layer's sums. That unit is coarse where codes are few, so codes
    /// are stored times a power of two and scales divided by it: the largest that keeps codes within +-64, where two
    /// products with bytes fit AVX2's 16 bits, and biases below 2^28. Where a bias is larger than that in any case, sums
    /// are nothing beside it (dead channels have such scales), and the codes are 0.
    Written layer_of(const IntegerStep& step, Term term, const std::vector<float>& shift) {
        auto& [codes, scale] = term;
        const std::size_t each = codes.size() / scale.size();
        for (std::size_t c = 0; c < scale.size(); ++c) {
            const auto channel = std::span(codes).subspan(c * each, each);
            const auto [low, high] = std::ranges::minmax(channel);
            const float bias = shift.empty() ? 0 : std::abs(shift[c]);
            const auto bias_fits = [&](std::int64_t factor) {
                return bias * static_cast<float>(factor) < 0x1p28f * std::abs(scale[c]);
            };
            std::int64_t factor = 1;
            while (factor < 64 && 2 * factor * std::max(-low, high) <= 64 && bias_fits(2 * factor))
                factor *= 2;
            if (!bias_fits(factor)) {
                factor = 0;
                scale[c] = std::max(bias, 1.0f);
            }
            // Runtimes expect positive scales.
            if (scale[c] < 0 && low > -128) factor = -factor;
            for (std::int64_t& code : channel) code *= factor;
            scale[c] /= input_step(step) * static_cast<float>(factor == 0 ? 1 << 24 : factor);
        }
        Node node = step.node;
        node.op = step.weights.shape.size() == 4 ? Op::conv : Op::linear;
        node.channels = static_cast<int>(scale.size());
        const std::string weight = dequantized(builder_, node.name, step.weights.shape, std::move(term));
        return builder_.layer(
            node, written(step.inputs[0]), weight,
            shift.empty() ? "" : builder_.floats(shift, {node.channels}, node.name + ".bias"));
    }

    const IntegerGraph& graph_;
    Builder builder_;
    std::vector<Written> values_;
};

/// The values of a layer's weights from its codes; terms of a sum are added.
std::string weight_of(Builder& builder, const std::string& name, const QuantizedWeights& weights) {
    std::vector<float> steps(weights.outputs());
    for (std::size_t c = 0; c < steps.size(); ++c) steps[c] = weights.step(c);
    std::vector<std::vector<float>> extra_steps;
    for (const ExtraTerm& term : weights.extra) extra_steps.push_back(term.steps);
    std::string sum;
    for (Term& term : terms_of(weights, steps, extra_steps)) {
        for (float& scale : term.scales) scale = scale == 0 ? 1 : scale;  // of channels whose codes are all 0
        const std::string value = dequantized(builder, name, weights.shape, std::move(term));
        sum = sum.empty() ? value : builder.operation("Add", {sum, value});
    }
    return sum;
}

onnx::File file_of(const Graph& graph, const Weights& weights, const Quantization& quantization) {
    graph.check(weights);
    Builder builder(graph.input_dims());
    std::vector<Written> values{builder.input()};
    for (int i = 1; i < graph.size(); ++i) {
        const Node& node = graph[i];
        std::vector<Written> operands;
        std::vector<Dims> dims;
        for (int k = 0; k < static_cast<int>(node.inputs.size()); ++k) {
            const int x = node.inputs[static_cast<std::size_t>(k)];
            operands.push_back(values[static_cast<std::size_t>(x)]);
            dims.push_back(graph[x].out);
            if (const auto edge = quantization.edges.find({i, k}); edge != quantization.edges.end())
                operands.back() = codes_of(builder, operands.back(), edge->second, false);
        }
        const auto layer = quantization.layers.find(node.name);
        if (!is_weighted(node) || layer == quantization.layers.end()) {
            values.push_back(builder.node(node, dims, operands, weights));
            continue;
        }
        const std::string weight = weight_of(builder, node.name, layer->second);
        std::string bias;
        if (node.bias) {
            const Array<float>& b = weights.at(node.name + ".bias");
            bias = builder.floats({b.begin(), b.end()}, {node.channels}, node.name + ".bias");
        }
        values.push_back(builder.layer(node, operands[0], weight, bias));
    }
    return std::move(builder).finish(values.back(), graph.classes());
}

void write(const std::filesystem::path& path, onnx::File file,
           const std::map<std::string, std::string>& metadata) {
    file.metadata = metadata;
    onnx::write_file(path, file);
}

}  // namespace

void write_onnx(const std::filesystem::path& path, const Graph& graph, const Weights& weights,
                const std::map<std::string, std::string>& metadata, const Quantization& quantization) {
    write(path, file_of(graph, weights, quantization), metadata);
}

void write_onnx(const std::filesystem::path& path, const IntegerGraph& graph,
                const std::map<std::string, std::string>& metadata) {
    graph.check();
    write(path, IntegerWriter(graph).file(), metadata);
}

}  // namespace nibble
