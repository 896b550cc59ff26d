#include "tests/helpers/mutated_network.hpp"

#include <algorithm>
#include <optional>

#include "engine/core/error.hpp"
#include "engine/infer/passing.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble::test {
namespace {

using Kind = IntegerStep::Kind;

/// For any number of channels: fit() repeats multipliers.
Quantizer random_quantizer(const Below& below) {
    const Rounding roundings[] = {Rounding::nearest_even, Rounding::half_up, Rounding::floor};
    const float steps[] = {1, 0.5f, 0.1f, 3e-3f, 7, 1e-30f, 1e30f};
    Scheme scheme{.bits = 2 + static_cast<int>(below(7)), .granularity = Granularity::tensor};
    scheme.is_signed = below(2);
    if (scheme.is_signed && below(2)) scheme.range = Range::narrow;
    if (!scheme.is_signed && below(2)) scheme.zero_point = 1;
    const Rounding rounding = roundings[below(3)];
    if (below(3) > 0) return make_quantizer(scheme, steps[below(7)], rounding);
    scheme.granularity = Granularity::channel;
    return make_channel_quantizer(scheme, {1, steps[below(7)], steps[below(7)]}, rounding);
}

float random_scale(const Below& below) {
    const float scales[] = {0, 1e-3f, -0.02f, 1, -0.0f, 1e-38f, 1e-30f, 1e30f, 3e38f};
    return scales[below(9)];
}

/// Repeats or cuts what is there.
template <class T>
void resize(std::vector<T>& values, std::size_t size, T fallback) {
    if (values.empty()) values.push_back(fallback);
    const std::size_t before = values.size();
    values.resize(size);
    for (std::size_t i = before; i < size; ++i) values[i] = values[i - before];
}

void clamp_codes(std::vector<std::int8_t>& codes, const Scheme& scheme) {
    for (auto& code : codes)
        code =
            static_cast<std::int8_t>(std::clamp(static_cast<int>(code), scheme.lowest(), scheme.highest()));
}

void fit_extra(IntegerStep& step) {
    QuantizedWeights& w = step.weights;
    w.extra.resize(static_cast<std::size_t>(w.scheme.terms) - 1);
    step.extra_scale.resize(w.extra.size());
    for (std::size_t e = 0; e < w.extra.size(); ++e) {
        ExtraTerm& term = w.extra[e];
        std::erase_if(term.outputs, [&](std::uint32_t output) { return output >= w.outputs(); });
        resize(term.codes, term.outputs.size() * (w.codes.size() / w.outputs()), std::int8_t{1});
        clamp_codes(term.codes, w.scheme);
        resize(term.steps, term.outputs.size(), 1.0f);
        resize(step.extra_scale[e], term.outputs.size(), 1.0f);
    }
}

void fit_weights(IntegerStep& step, Dims in) {
    QuantizedWeights& w = step.weights;
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    const bool linear = w.shape.size() == 2 && in.h == 1 && in.w == 1;
    if (linear) step.node.window = {};
    w.shape = {w.outputs(), size(in.c), size(step.node.window.rows.kernel),
               size(step.node.window.cols.kernel)};
    if (linear) w.shape.resize(2);
    resize(w.codes, count(w.shape), std::int8_t{1});
    clamp_codes(w.codes, w.scheme);
    const bool grouped = w.scheme.granularity == Granularity::group;
    const std::size_t taps = linear ? 1 : w.shape[2] * w.shape[3];
    if (grouped)
        resize(w.multipliers, w.outputs() * groups_of(w.shape[1], w.scheme.group) * taps, std::uint8_t{3});
    else
        w.multipliers.clear();
    const int most = 127 / std::max(-w.scheme.lowest(), w.scheme.highest());
    for (auto& m : w.multipliers) m = static_cast<std::uint8_t>(1 + m % most);
    resize(w.steps, w.scheme.granularity == Granularity::tensor ? 1 : w.outputs(), 1.0f);
    resize(step.scale, w.outputs(), 1.0f);
    resize(step.shift, w.outputs(), 0.0f);
    fit_extra(step);
}

void fit_axis(WindowAxis& axis, int size, bool pools) {
    axis.kernel = std::min(axis.kernel, size + axis.before + axis.after);
    while (axis.span() > size + axis.before + axis.after) --axis.dilation;
    if (!pools) return;
    axis.dilation = 1;
    axis.before = std::min(axis.before, axis.kernel - 1);
    axis.after = std::min(axis.after, axis.kernel - 1);
    axis.kernel = std::min(axis.kernel, size + axis.before + axis.after);
}

/// The shape of a step's value; where its operation refuses, that of its input.
Dims fitted(IntegerGraph& graph, IntegerStep& step, bool last) {
    const Dims in = graph.values[static_cast<std::size_t>(step.inputs[0])].dims;
    const bool gemm = step.kind == Kind::gemm,
               pools = step.kind == Kind::mean || step.node.op == Op::max_pool;
    if (step.kind == Kind::quantize || step.kind == Kind::rescale) return in;
    Window& w = step.node.window;
    if (gemm || pools) {
        if (last) w = {in.h, in.w};
        fit_axis(w.rows, in.h, pools);
        fit_axis(w.cols, in.w, pools);
        if (gemm) fit_weights(step, in);
        return w.output(in, gemm ? static_cast<int>(step.weights.outputs()) : in.c);
    }
    try {
        return operation(step.node.op).output(complete_node(graph, step), input_dims_of(graph, step));
    } catch (const BadInput&) {
        return in;
    }
}

/// The quantizer of a value that is passed on, if there is one.
std::optional<Quantizer> passed(const IntegerGraph& graph, const IntegerStep& step) {
    std::vector<const Quantizer*> quantizers;
    for (int v : step.inputs)
        if (const auto& q = graph.values[static_cast<std::size_t>(v)].quantizer) quantizers.push_back(&*q);
    if (quantizers.size() != step.inputs.size()) return std::nullopt;
    try {
        return passed_quantizer(complete_node(graph, step), input_dims_of(graph, step), quantizers);
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

/// Shapes follow from the input's, in the order of the steps.
void fit(IntegerGraph& graph) {
    for (IntegerStep& step : graph.steps) {
        const Dims out = fitted(graph, step, &step == &graph.steps.back());
        for (int v : step.outputs) {
            IntegerValue& value = graph.values[static_cast<std::size_t>(v)];
            value.dims = out;
            if (step.kind == Kind::pass) value.quantizer = passed(graph, step);
            if (value.quantizer && value.quantizer->by_channel())
                resize(value.quantizer->multipliers, static_cast<std::size_t>(out.c), 1.0f);
        }
        if (step.residual < 0) continue;
        const auto& [dims, quantizer] = graph.values[static_cast<std::size_t>(step.residual)];
        if (dims != out || (quantizer && quantizer->by_channel())) step.residual = -1;
    }
}

/// A copy of the step that writes values of its own, right after it.
void repeat(IntegerGraph& graph, std::size_t i) {
    IntegerStep copy = graph.steps[i];
    for (int& v : copy.outputs) {
        graph.values.push_back(IntegerValue(graph.values[static_cast<std::size_t>(v)]));
        v = static_cast<int>(graph.values.size()) - 1;
    }
    graph.steps.insert(graph.steps.begin() + static_cast<std::ptrdiff_t>(i), std::move(copy));
}

void mutate_weights(QuantizedWeights& w, const Below& below) {
    static const char* const schemes[] = {"s8-pc", "s8n-pt",  "s4-pc",    "s4-g2", "s3n-pc",
                                          "s2-g3", "t-pc",    "t-pt",     "t-g2",  "t-g3",
                                          "t-g4",  "s4x2-pc", "s3nx4-pc", "t-g64"};
    switch (below(4)) {
        case 0:
            w.scheme = scheme_from(schemes[below(14)]);
            break;
        case 3:
            for (ExtraTerm& term : w.extra) {
                term.outputs.clear();
                for (std::uint32_t output = below(3); output < w.outputs(); output += 1 + below(3))
                    term.outputs.push_back(output);
            }
            break;
        case 1:
            w.shape[0] = 1 + below(40);
            break;
        default:
            for (auto& code : w.codes) code = static_cast<std::int8_t>(static_cast<int>(below(256)) - 128);
    }
}

}  // namespace

void mutate(IntegerGraph& graph, const Below& below) {
    const auto any = [&](std::size_t n) { return below(static_cast<std::uint32_t>(n)); };
    const std::size_t at = any(graph.steps.size());
    IntegerStep& step = graph.steps[at];
    const bool last = at + 1 == graph.steps.size();
    const auto random_value = [&] { return static_cast<int>(any(graph.values.size())); };
    switch (below(14)) {
        case 0:
            step.node.window.rows.kernel = 1 + static_cast<int>(below(6));
            step.node.window.cols.kernel = 1 + static_cast<int>(below(6));
            break;
        case 1:
            step.node.window.rows.stride = step.node.stride = 1 + static_cast<int>(below(5));
            step.node.window.cols.stride = 1 + static_cast<int>(below(5));
            break;
        case 2:
            for (int* pad : {&step.node.window.rows.before, &step.node.window.rows.after,
                             &step.node.window.cols.before, &step.node.window.cols.after})
                *pad = static_cast<int>(below(6));
            break;
        case 3:
            graph.values[0].dims = {1 + static_cast<int>(below(12)), 1 + static_cast<int>(below(12)),
                                    1 + static_cast<int>(below(6))};
            break;
        case 4:
            if (step.kind == Kind::gemm)
                step.node.clamp = below(2) ? Clamp{} : Clamp{-1, static_cast<float>(below(7))};
            break;
        case 5:
            step.residual = step.kind == Kind::gemm ? random_value() : -1;
            break;
        case 6:
            step.inputs[any(step.inputs.size())] = random_value();
            break;
        case 12:
            step.node.groups = 1 + static_cast<int>(below(6));
            step.node.window.rows.dilation = 1 + static_cast<int>(below(3));
            step.node.window.cols.dilation = 1 + static_cast<int>(below(3));
            break;
        case 13:
            step.node.first = static_cast<int>(below(4));
            step.node.slope = random_scale(below);
            step.node.count_padding = below(2);
            step.node.local = {1 + static_cast<int>(below(6)), 0.5f, 0.75f, 1};
            break;
        case 7:
            graph.values[static_cast<std::size_t>(step.outputs[any(step.outputs.size())])].quantizer =
                last || below(4) == 0 ? std::nullopt : std::optional(random_quantizer(below));
            break;
        case 8:
            if (last) break;
            graph.values.push_back({{}, random_quantizer(below)});
            step.outputs.insert(
                step.outputs.begin() + static_cast<std::ptrdiff_t>(any(step.outputs.size() + 1)),
                static_cast<int>(graph.values.size()) - 1);
            break;
        case 9:
            if (graph.steps.size() < 30) repeat(graph, at);
            break;
        case 10:
            if (step.kind == Kind::gemm) mutate_weights(step.weights, below);
            break;
        default:
            if (step.kind != Kind::gemm) break;
            step.scale[any(step.scale.size())] = random_scale(below);
            step.shift[any(step.shift.size())] = random_scale(below);
            for (auto& scale : step.extra_scale)
                if (!scale.empty()) scale[any(scale.size())] = random_scale(below);
    }
    fit(graph);
}

}  // namespace nibble::test
