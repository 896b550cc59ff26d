#include "engine/infer/lower.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/infer/passing.hpp"
#include "engine/nn/fold.hpp"
#include "engine/nn/fusion.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {
namespace {

/// How a value is wanted; nothing: as floats.
using Form = std::optional<Quantizer>;

/// A step for a node; steps without a name of their own have that of the operation.
IntegerStep new_step(IntegerStep::Kind kind, const Node& node) {
    IntegerStep step;
    step.kind = kind;
    step.node = node;
    if (node.name.empty()) step.node.name = operation(node.op).name;
    return step;
}

class Lowering {
  public:
    Lowering(const Graph& graph, const Weights& weights, const Quantization& quantization)
        : graph_(graph),
          weights_(weights),
          quantization_(quantization),
          readers_(readers_of(graph)),
          layers_(fuse(graph)),
          forms_(graph.nodes().size()),
          values_(graph.nodes().size()) {}

    IntegerGraph run() {
        check_fit();
        for (int i = graph_.size() - 1; i >= 0; --i) find_forms(i);
        for (int i = 0; i < graph_.size(); ++i) emit(i);
        lowered_.check();
        return std::move(lowered_);
    }

  private:
    void check_fit() const {
        graph_.check(weights_);
        check(quantization_, graph_, weights_);
        for (const auto& [edge, quantizer] : quantization_.edges)
            if (!passes_codes(edge))
                throw Unsupported(describe(graph_, edge.reader) + ": no codes pass into its operand " +
                                  std::to_string(edge.operand) + " where the network runs as integers");
    }

    /// What is stored in memory, and so may have codes.
    bool has_value(int i) const {
        return layer_ending(i) || !(is_weighted(graph_[i]) || operation(graph_[i].op).fuses);
    }

    /// Operations that pass codes hand on those that their own readers want.
    bool passes_codes(GraphEdge edge) const {
        const Node& reader = graph_[edge.reader];
        return operation(reader.op).on_codes != OnCodes::passes && has_value(reader.inputs[edge.operand]);
    }

    /// The layer whose value node i is, if any.
    const FusedLayer* layer_ending(int i) const {
        const auto found =
            std::find_if(layers_.begin(), layers_.end(), [&](const FusedLayer& l) { return l.last == i; });
        return found == layers_.end() ? nullptr : &*found;
    }

    Form form_on(GraphEdge edge) const {
        const auto found = quantization_.edges.find(edge);
        return found == quantization_.edges.end() ? Form{} : Form{found->second};
    }

    /// The operand number of node i where `reader` adds it.
    int operand_of(int reader, int i) const {
        const auto& inputs = graph_[reader].inputs;
        return static_cast<int>(std::find(inputs.begin(), inputs.end(), i) - inputs.begin());
    }

    void want(int i, const Form& form) {
        auto& forms = forms_[i];
        if (std::find(forms.begin(), forms.end(), form) == forms.end()) forms.push_back(form);
    }

    /// Readers come later in the graph, so their own forms are known.
    void find_forms(int i) {
        if (!has_value(i)) return;
        if (i + 1 == graph_.size()) want(i, {});
        for (int reader : readers_[i])
            for (std::size_t k = 0; k < graph_[reader].inputs.size(); ++k)
                if (graph_[reader].inputs[k] == i) find_forms_on({reader, static_cast<int>(k)}, i);
        // Floats first: a GEMM writes them together with the first codes.
        std::stable_sort(forms_[i].begin(), forms_[i].end(),
                         [](const Form& a, const Form& b) { return a.has_value() < b.has_value(); });
    }

    void find_forms_on(GraphEdge edge, int i) {
        const Node& reader = graph_[edge.reader];
        switch (operation(reader.op).on_codes) {
            case OnCodes::gemm:
                if (!form_on(edge)) fail(edge.reader, "its input is not quantized");
                return want(i, form_on(edge));
            case OnCodes::passes:
                for (const Form& form : forms_[edge.reader])
                    want(i, form_of_operand(reader, edge.operand, form));
                return;
            case OnCodes::sum:
            case OnCodes::reals:
            case OnCodes::none:
                return want(i, form_on(edge));
        }
    }

    Form form_of_operand(const Node& node, int operand, const Form& form) const {
        if (!form) return form;
        return quantizer_of_operand(node, dims_of_inputs(node), operand, *form);
    }

    std::vector<Dims> dims_of_inputs(const Node& node) const {
        std::vector<Dims> dims;
        for (int x : node.inputs) dims.push_back(graph_[x].out);
        return dims;
    }

    [[noreturn]] void fail(int i, const std::string& why) const {
        throw Unsupported(describe(graph_, i) + ": " + why);
    }

    int add_value(int node, const Form& form) {
        const int index = static_cast<int>(lowered_.values.size());
        lowered_.values.push_back({graph_[node].out, form});
        values_[node].push_back(index);
        return index;
    }

    /// The stored value of node i in a form.
    int value_of(int i, const Form& form) const {
        for (int v : values_[i])
            if (lowered_.values[v].quantizer == form) return v;
        fail(i, "has no value in the form that is read");
    }

    void emit(int i) {
        const Node& node = graph_[i];
        if (node.op == Op::input) return emit_input(i);
        if (const FusedLayer* layer = layer_ending(i))
            return layer->conv < 0 ? emit_rescale(*layer) : emit_gemm(*layer);
        if (!has_value(i)) return;
        switch (operation(node.op).on_codes) {
            case OnCodes::passes:
                return emit_passing(i);
            case OnCodes::sum:
                return emit_mean(i);
            case OnCodes::reals:
                return emit_apply(i);
            case OnCodes::gemm:
            case OnCodes::none:
                break;  // inside a layer
        }
    }

    void emit_input(int i) {
        IntegerStep step = new_step(IntegerStep::Kind::quantize, graph_[i]);
        step.inputs = {add_value(i, {})};
        for (const Form& form : forms_[i])
            if (form) step.outputs.push_back(add_value(i, form));
        if (!step.outputs.empty()) lowered_.steps.push_back(std::move(step));
    }

    void add_outputs(int i, IntegerStep step) {
        for (const Form& form : forms_[i]) step.outputs.push_back(add_value(i, form));
        lowered_.steps.push_back(std::move(step));
    }

    void emit_passing(int i) {
        const Node& node = graph_[i];
        for (const Form& form : forms_[i]) {
            IntegerStep step = new_step(IntegerStep::Kind::pass, node);
            step.inputs.clear();
            for (std::size_t k = 0; k < node.inputs.size(); ++k)
                step.inputs.push_back(
                    value_of(node.inputs[k], form_of_operand(node, static_cast<int>(k), form)));
            step.outputs = {add_value(i, form)};
            lowered_.steps.push_back(std::move(step));
        }
    }

    void emit_mean(int i) {
        const Node& node = graph_[i];
        const int from = node.inputs.front();
        IntegerStep step = new_step(IntegerStep::Kind::mean, node);
        step.node.name = "avg_pool";
        if (node.op == Op::global_pool) step.node.window = {graph_[from].out.h, graph_[from].out.w, 1, 0};
        step.node.op = Op::avg_pool;
        step.inputs = {value_of(from, form_on({i, 0}))};
        add_outputs(i, std::move(step));
    }

    void emit_apply(int i) {
        IntegerStep step = new_step(IntegerStep::Kind::apply, graph_[i]);
        step.inputs.clear();
        for (std::size_t k = 0; k < graph_[i].inputs.size(); ++k)
            step.inputs.push_back(value_of(graph_[i].inputs[k], form_on({i, static_cast<int>(k)})));
        add_outputs(i, std::move(step));
    }

    /// Batch norm, addition and clamp behind a value: v = s x + t.
    void emit_rescale(const FusedLayer& layer) {
        const int first = layer.norm >= 0 ? layer.norm : layer.add >= 0 ? layer.add : layer.last;
        IntegerStep step = new_step(IntegerStep::Kind::rescale, graph_[first]);
        const int operand = layer.norm < 0 && layer.add >= 0 ? operand_of(layer.add, layer.value) : 0;
        step.inputs = {value_of(layer.value, form_on({first, operand}))};
        step.node.clamp = layer.clamp;
        for (int c = 0; layer.norm >= 0 && c < graph_[layer.norm].out.c; ++c) {
            const NormScale norm = norm_of(layer, c);
            step.scale.push_back(static_cast<float>(norm.scale));
            step.shift.push_back(static_cast<float>(norm.shift));
        }
        add_residual(layer, step);
        add_outputs(layer.last, std::move(step));
    }

    void emit_gemm(const FusedLayer& layer) {
        const Node& conv = graph_[layer.conv];
        const auto quantized = quantization_.layers.find(conv.name);
        if (quantized == quantization_.layers.end()) fail(layer.conv, "its weights are not quantized");
        const Quantizer input = *form_on({layer.conv, 0});

        IntegerStep step = new_step(IntegerStep::Kind::gemm, conv);
        step.inputs = {value_of(conv.inputs.front(), input)};
        const Dims in = graph_[conv.inputs.front()].out;
        if (conv.op == Op::linear) step.node.window = Window(in.h, in.w);
        step.weights = quantized->second;
        step.node.clamp = layer.clamp;
        fold_scales(layer, input, step);
        add_residual(layer, step);
        add_outputs(layer.last, std::move(step));
    }

    void add_residual(const FusedLayer& layer, IntegerStep& step) const {
        if (layer.residual < 0) return;
        // Of a value added to itself the second operand.
        const int operand = layer.conv < 0 && layer.norm < 0 && layer.value == layer.residual
                                ? 1
                                : operand_of(layer.add, layer.residual);
        step.residual = value_of(layer.residual, form_on({layer.add, operand}));
    }

    /// y = step_w step_x sum + b;  batch norm: v = s y + t.  So scale = step_w step_x s and shift = b s + t;
    /// of extra terms, with steps of their own, the scale likewise.
    void fold_scales(const FusedLayer& layer, const Quantizer& input, IntegerStep& step) const {
        const Node& conv = graph_[layer.conv];
        const float* bias = conv.bias ? weights_.at(conv.name + ".bias").data() : nullptr;
        for (int c = 0; c < conv.out.c; ++c) {
            const NormScale norm = norm_of(layer, c);
            const double unit = static_cast<double>(step.weights.step(static_cast<std::size_t>(c))) *
                                static_cast<double>(input.step);
            step.scale.push_back(static_cast<float>(unit * norm.scale));
            step.shift.push_back(
                static_cast<float>((bias ? static_cast<double>(bias[c]) : 0.0) * norm.scale + norm.shift));
        }
        for (const ExtraTerm& term : step.weights.extra) {
            std::vector<float>& scales = step.extra_scale.emplace_back();
            for (std::size_t j = 0; j < term.outputs.size(); ++j)
                scales.push_back(
                    static_cast<float>(static_cast<double>(term.steps[j]) * static_cast<double>(input.step) *
                                       norm_of(layer, static_cast<int>(term.outputs[j])).scale));
        }
    }

    NormScale norm_of(const FusedLayer& layer, int channel) const {
        return layer.norm >= 0 ? norm_scale(weights_, graph_[layer.norm], channel) : NormScale{1, 0};
    }

    const Graph& graph_;
    const Weights& weights_;
    const Quantization& quantization_;
    std::vector<std::vector<int>> readers_;
    std::vector<FusedLayer> layers_;
    std::vector<std::vector<Form>> forms_;  ///< by node
    std::vector<std::vector<int>> values_;  ///< by node
    IntegerGraph lowered_;
};

}  // namespace

IntegerGraph lower(const Graph& graph, const Weights& weights, const Quantization& quantization) {
    return Lowering(graph, weights, quantization).run();
}

}  // namespace nibble
