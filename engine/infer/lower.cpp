#include "engine/infer/lower.hpp"

#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/fold.hpp"
#include "engine/nn/fusion.hpp"
#include "engine/nn/op.hpp"

namespace nibble {
namespace {

/// How a value is wanted; nothing: as floats.
using Form = std::optional<Quantizer>;

IntegerStep new_step(IntegerStep::Op op, const std::string& name) {
    IntegerStep step;
    step.op = op;
    step.name = name;
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
        return layer_ending(i) || !(is_product(graph_[i]) || operation(graph_[i].op).fuses);
    }

    /// Shortcuts and maxima hand on the codes that their own readers want.
    bool passes_codes(GraphEdge edge) const {
        const Node& reader = graph_[edge.reader];
        const OnCodes on_codes = operation(reader.op).on_codes;
        return (on_codes == OnCodes::product || on_codes == OnCodes::sum) &&
               has_value(reader.inputs[edge.operand]);
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
        for (int reader : readers_[i]) {
            const GraphEdge edge{reader, operand_of(reader, i)};
            switch (operation(graph_[reader].op).on_codes) {
                case OnCodes::product:
                    if (!form_on(edge)) fail(reader, "its input is not quantized");
                    want(i, form_on(edge));
                    break;
                case OnCodes::passes:
                    for (const Form& form : forms_[reader]) want(i, form);
                    break;
                case OnCodes::sum:
                case OnCodes::none:
                    want(i, form_on(edge));
                    break;
            }
        }
        // Floats first: a product writes them together with the first codes.
        std::stable_sort(forms_[i].begin(), forms_[i].end(),
                         [](const Form& a, const Form& b) { return a.has_value() < b.has_value(); });
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
        switch (node.op) {
            case Op::input: {
                const int image = add_value(i, {});
                IntegerStep step = new_step(IntegerStep::Op::quantize, "input");
                step.input = image;
                for (const Form& form : forms_[i])
                    if (form) step.outputs.push_back(add_value(i, form));
                if (!step.outputs.empty()) lowered_.steps.push_back(std::move(step));
                return;
            }
            case Op::shortcut_a: {
                IntegerStep step = new_step(IntegerStep::Op::shortcut, "shortcut");
                step.stride = node.stride;
                return emit_for_each_form(i, step);
            }
            case Op::max_pool: {
                IntegerStep step = new_step(IntegerStep::Op::max_pool, "max_pool");
                step.window = node.window;
                return emit_for_each_form(i, step);
            }
            case Op::avg_pool:
            case Op::global_pool:
                return emit_average(i);
            case Op::conv:
            case Op::linear:
            case Op::batch_norm:
            case Op::clamp:
            case Op::add:
                if (const FusedLayer* layer = layer_ending(i)) emit_product(*layer);
        }
    }

    void emit_for_each_form(int i, const IntegerStep& pattern) {
        for (const Form& form : forms_[i]) {
            IntegerStep step = pattern;
            step.input = value_of(graph_[i].inputs.front(), form);
            step.outputs = {add_value(i, form)};
            lowered_.steps.push_back(std::move(step));
        }
    }

    void emit_average(int i) {
        const Node& node = graph_[i];
        const int from = node.inputs.front();
        IntegerStep step = new_step(IntegerStep::Op::avg_pool, "avg_pool");
        step.window = node.window;
        if (node.op == Op::global_pool) step.window = {graph_[from].out.h, graph_[from].out.w, 1, 0};
        step.input = value_of(from, form_on({i, 0}));
        for (const Form& form : forms_[i]) step.outputs.push_back(add_value(i, form));
        lowered_.steps.push_back(std::move(step));
    }

    void emit_product(const FusedLayer& layer) {
        const Node& conv = graph_[layer.conv];
        const auto quantized = quantization_.layers.find(conv.name);
        if (quantized == quantization_.layers.end()) fail(layer.conv, "its weights are not quantized");
        const Quantizer input = *form_on({layer.conv, 0});

        IntegerStep step = new_step(IntegerStep::Op::product, conv.name);
        step.input = value_of(conv.inputs.front(), input);
        step.window = conv.window;
        step.weights = quantized->second;
        step.clamp = layer.clamp;
        fold_scales(layer, input, step);
        if (layer.residual >= 0)
            step.residual =
                value_of(layer.residual, form_on({layer.add, operand_of(layer.add, layer.residual)}));
        for (const Form& form : forms_[layer.last]) step.outputs.push_back(add_value(layer.last, form));
        lowered_.steps.push_back(std::move(step));
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
