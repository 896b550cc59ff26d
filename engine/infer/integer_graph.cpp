#include "engine/infer/integer_graph.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "engine/core/error.hpp"
#include "engine/infer/passing.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {
namespace {

// A file of a few hundred bytes may state any sizes. These bounds keep what it costs to run one image within
// a few minutes and gigabytes, several times what ResNet-50 takes on 1024 x 1024 pixels.
constexpr std::size_t kMaxSteps = 1 << 12, kMaxValues = 1 << 13;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;  // of all values together, with their borders
constexpr std::int64_t kMaxWork = std::int64_t{1} << 38;      // products of codes and taps of poolings
constexpr std::size_t kMaxKernel = 1 << 24;                   // weights
constexpr int kMaxWindow = 1 << 8;  // so that sums of pooled codes are exact as floats, too

bool are_finite(const std::vector<float>& values) {
    for (float v : values)
        if (!std::isfinite(v)) return false;
    return true;
}

class Checker {
  public:
    explicit Checker(const IntegerGraph& graph)
        : graph_(graph), defined_(graph.values.size(), false), borders_(graph.values.size(), 0) {}

    void run() {
        if (graph_.values.empty() || graph_.steps.empty() || graph_.steps.size() > kMaxSteps)
            throw BadInput("integer network", "number of steps", "1 to " + std::to_string(kMaxSteps),
                           std::to_string(graph_.steps.size()));
        if (graph_.values.size() > kMaxValues)
            throw BadInput("integer network", "number of values", "at most " + std::to_string(kMaxValues),
                           std::to_string(graph_.values.size()));
        for (const IntegerValue& value : graph_.values) check_value(value);
        if (graph_.values.front().quantizer)
            throw BadInput("integer network", "its input", "floats", storage_name(graph_.values.front()));
        defined_[0] = true;
        for (std::size_t i = 0; i < graph_.steps.size(); ++i) {
            step_ = &graph_.steps[i];
            where_ =
                "step " + std::to_string(i) + " (" + operation_name(*step_) + " " + step_->node.name + ")";
            check_step();
        }
        for (std::size_t v = 0; v < defined_.size(); ++v)
            if (!defined_[v])
                throw BadInput("integer network: value " + std::to_string(v) + " is never computed");
        if (!has_gemm_) throw BadInput("integer network: it has no convolution and no linear layer");
        check_elements();
        const auto& outputs = graph_.steps.back().outputs;
        const IntegerValue& logits = graph_.values[outputs.front()];
        if (outputs.size() != 1 || logits.quantizer || logits.dims.h != 1 || logits.dims.w != 1)
            throw BadInput("integer network", "the last output", "one value of floats, 1x1xclasses",
                           storage_name(logits) + " " + to_string(logits.dims));
    }

  private:
    [[noreturn]] void fail(const std::string& what, const std::string& expected,
                           const std::string& found) const {
        throw BadInput(where_, what, expected, found);
    }

    static void check_value(const IntegerValue& value) {
        const Dims d = value.dims;
        if (d.h < 1 || d.w < 1 || d.c < 1 || std::int64_t{d.h} * d.w > kMaxElements ||
            std::int64_t{d.h} * d.w * d.c > kMaxElements)
            throw BadInput("integer network", "shape of a value", "1 to 2^28 elements", to_string(d));
        if (value.quantizer) nibble::check(*value.quantizer, static_cast<std::size_t>(d.c));
    }

    const IntegerValue& defined(int v) const {
        if (v < 0 || static_cast<std::size_t>(v) >= defined_.size() || !defined_[v])
            fail("what it reads", "a value computed before", std::to_string(v));
        return graph_.values[v];
    }

    void require_form(const IntegerValue& value, bool codes) const {
        if (value.quantizer.has_value() != codes)
            fail("its input", codes ? "codes" : "floats", storage_name(value));
    }

    /// Codes that count as code * step, or go on to where they might.
    void require_one_scale(const IntegerValue& value, const char* what) const {
        if (value.quantizer && value.quantizer->by_channel())
            fail(what, "floats, or codes with one scale per tensor", storage_name(value));
    }

    /// Marks the outputs as computed; each must have these dimensions.
    void define_outputs(Dims dims, const std::optional<Quantizer>* same = nullptr) {
        if (step_->outputs.empty()) fail("outputs", "at least one", "none");
        for (int v : step_->outputs) {
            if (v < 1 || static_cast<std::size_t>(v) >= defined_.size() || defined_[v])
                fail("output", "a value not computed before", std::to_string(v));
            defined_[v] = true;
            const IntegerValue& value = graph_.values[v];
            if (value.dims != dims) fail("shape of its output", to_string(dims), to_string(value.dims));
            if (same && value.quantizer != *same)
                fail("its output", "stored as its input", storage_name(value));
        }
        for (std::size_t i = 0; i < step_->outputs.size(); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (graph_.values[step_->outputs[i]].quantizer == graph_.values[step_->outputs[j]].quantizer)
                    fail("outputs", "each stored in its own way", "two alike");
    }

    void check_step() {
        if (step_->inputs.empty()) fail("what it reads", "at least one value", "none");
        for (int v : step_->inputs) defined(v);
        const bool adds = step_->kind == IntegerStep::Kind::gemm || step_->kind == IntegerStep::Kind::rescale;
        if (step_->residual < -1 || (step_->residual >= 0 && !adds))
            fail("residual", "a value of a gemm, or -1", std::to_string(step_->residual));
        check_attributes();
        switch (step_->kind) {
            case IntegerStep::Kind::quantize:
                return check_quantize(only_input());
            case IntegerStep::Kind::gemm:
                return check_gemm(only_input());
            case IntegerStep::Kind::pass:
                return check_pass();
            case IntegerStep::Kind::mean: {
                const IntegerValue& in = only_input();
                require_one_scale(in, "its input");
                step_->node.window.check_pooling(in.dims, where_);
                return define(step_->node.window.output(in.dims, in.dims.c), step_->node.window.taps());
            }
            case IntegerStep::Kind::rescale:
                return check_rescale(only_input());
            case IntegerStep::Kind::apply:
                return check_apply();
        }
    }

    const IntegerValue& only_input() const {
        if (step_->inputs.size() != 1)
            fail("what it reads", "one value", std::to_string(step_->inputs.size()));
        return graph_.values[step_->inputs[0]];
    }

    void define(Dims out, std::int64_t work, const std::optional<Quantizer>* same = nullptr) {
        define_outputs(out, same);
        add_work(out, work);
    }

    void check_attributes() const {
        const Node& node = step_->node;
        for (int n : node.window.numbers())
            if (n > kMaxWindow)
                fail("window", "sizes of at most " + std::to_string(kMaxWindow), std::to_string(n));
        for (int n : {node.stride, node.local.size})
            if (n > kMaxWindow)
                fail("stride or size", "1 to " + std::to_string(kMaxWindow), std::to_string(n));
        if (!(node.clamp.low < node.clamp.high)) fail("clamp", "a lower bound and a higher one", "others");
    }

    void check_quantize(const IntegerValue& in) {
        require_form(in, false);
        for (int v : step_->outputs)
            if (v > 0 && static_cast<std::size_t>(v) < graph_.values.size() && !graph_.values[v].quantizer)
                fail("its output", "codes", "floats");
        define_outputs(in.dims);
    }

    /// What the node's operation makes of the shapes it reads.
    Dims shape_of_value(OnCodes expected) const {
        const Operation& op = operation(step_->node.op);
        const auto operands = static_cast<int>(step_->inputs.size());
        if (op.on_codes != expected) fail("its operation", "another one", op.name);
        if (op.operands != kAnyNumber && op.operands != operands)
            fail("what it reads", std::to_string(op.operands) + " values", std::to_string(operands));
        if (step_->outputs.empty()) fail("outputs", "at least one", "none");
        if (step_->outputs.front() < 0 ||
            static_cast<std::size_t>(step_->outputs.front()) >= graph_.values.size())
            fail("output", "a value", "none");
        try {
            return op.output(complete_node(graph_, *step_), input_dims_of(graph_, *step_));
        } catch (const BadInput& e) {
            throw BadInput(where_ + ": " + e.what());
        }
    }

    void check_pass() {
        const Dims out = shape_of_value(OnCodes::passes);
        std::vector<const Quantizer*> quantizers;
        for (int v : step_->inputs) {
            if (graph_.values[v].quantizer) quantizers.push_back(&*graph_.values[v].quantizer);
            if (step_->node.op == Op::shortcut_a) require_one_scale(graph_.values[v], "its input");
        }
        std::optional<Quantizer> passed;
        if (!quantizers.empty()) {
            if (quantizers.size() == step_->inputs.size())
                passed = passed_quantizer(complete_node(graph_, *step_), input_dims_of(graph_, *step_),
                                          quantizers);
            if (!passed) fail("what it reads", "values that are stored alike", "others");
        }
        define(out, step_->node.op == Op::max_pool ? step_->node.window.taps() : 1, &passed);
    }

    void check_apply() {
        const Dims out = shape_of_value(OnCodes::reals);
        for (int v : step_->inputs) require_one_scale(graph_.values[v], "what it reads");
        const std::size_t in = graph_.values[step_->inputs[0]].dims.size();
        define(out, static_cast<std::int64_t>(in / std::min(in, out.size())) + step_->node.local.size);
    }

    void check_rescale(const IntegerValue& in) {
        require_one_scale(in, "its input");
        const auto channels = static_cast<std::size_t>(in.dims.c);
        const std::size_t scales = step_->scale.size();
        if ((scales != 0 && scales != channels) || step_->shift.size() != scales ||
            !are_finite(step_->scale) || !are_finite(step_->shift))
            fail("scales and shifts", "one finite number per channel, or none", "something else");
        check_residual(in.dims);
        define(in.dims, 1);
    }

    void check_residual(Dims out) const {
        if (step_->residual < 0) return;
        const IntegerValue& residual = defined(step_->residual);
        if (residual.dims != out) fail("shape of its residual", to_string(out), to_string(residual.dims));
        require_one_scale(residual, "its residual");
    }

    void check_gemm(const IntegerValue& in) {
        require_form(in, true);
        const QuantizedWeights& w = step_->weights;
        const Window& window = step_->node.window;
        const int groups = step_->node.groups;
        nibble::check(w, step_->node.name);
        window.check(in.dims, where_);
        const Dims out = window.output(in.dims, static_cast<int>(w.outputs()));
        if (groups < 1 || in.dims.c % groups != 0 || out.c % groups != 0)
            fail("groups", "a divisor of " + std::to_string(in.dims.c) + " and " + std::to_string(out.c),
                 std::to_string(groups));
        const auto size = [](int n) { return static_cast<std::size_t>(n); };
        Shape expected{w.outputs(), size(in.dims.c / groups)};
        if (w.shape.size() == 4) {
            expected.push_back(size(window.rows.kernel));
            expected.push_back(size(window.cols.kernel));
        } else {
            expected[1] = in.dims.size();
            if (window != Window(in.dims.h, in.dims.w) || groups != 1)
                fail("window of a linear layer", "the whole input, " + to_string(in.dims), "another");
        }
        if (w.shape != expected) fail("shape of its weights", to_string(expected), to_string(w.shape));
        if (const std::size_t kernel = w.codes.size() / w.term_channels(); kernel > kMaxKernel)
            fail("weights of a kernel", "at most " + std::to_string(kMaxKernel), std::to_string(kernel));
        if (step_->scale.size() != w.outputs() || step_->shift.size() != w.outputs() ||
            !are_finite(step_->scale) || !are_finite(step_->shift))
            fail("scales and shifts", "one finite number per channel", "something else");
        check_extra_scales();
        check_sums(*in.quantizer);
        has_gemm_ = true;
        int& border = borders_[static_cast<std::size_t>(step_->inputs[0])];
        border = std::max(border, window.largest_pad());
        check_residual(out);
        define_outputs(out);
        add_work({out.h, out.w, static_cast<int>(w.term_channels())},
                 static_cast<std::int64_t>(w.codes.size() / w.outputs()));
    }

    void check_extra_scales() const {
        const QuantizedWeights& w = step_->weights;
        bool fit = step_->extra_scale.size() == w.extra.size();
        for (std::size_t e = 0; fit && e < w.extra.size(); ++e)
            fit = step_->extra_scale[e].size() == w.extra[e].outputs.size() &&
                  are_finite(step_->extra_scale[e]);
        if (!fit)
            fail("scales of extra terms", "one finite number per channel of each term", "something else");
    }

    void check_sums(const Quantizer& in) const {
        const QuantizedWeights& w = step_->weights;
        const std::int64_t largest = in.scheme.highest() + 2 * in.offset();
        const std::size_t size = w.codes.size() / w.outputs();
        for (std::size_t k = 0; k < w.term_channels(); ++k) {
            std::int64_t magnitude = 0;
            for (std::size_t i = 0; i < size; ++i) magnitude += std::abs(w.product_of(k * size + i));
            if (magnitude * largest > std::numeric_limits<std::int32_t>::max())
                fail("sums of kernel " + std::to_string(k), "within 32 bits", "possibly more");
        }
    }

    /// Adds multiplications or taps, so many for each element of an output that has been checked.
    void add_work(Dims out, std::int64_t each) {
        work_ += static_cast<std::int64_t>(out.size()) * each;
        if (work_ > kMaxWork) fail("work for one image", "at most 2^38 products and pooled values", "more");
    }

    void check_elements() const {
        std::int64_t elements = 0;
        for (std::size_t v = 0; v < graph_.values.size(); ++v) {
            const Dims d = graph_.values[v].dims;
            elements += std::int64_t{d.h + 2 * borders_[v]} * (d.w + 2 * borders_[v]) * d.c;
            if (elements > kMaxElements)
                throw BadInput("integer network", "size of all values with their borders",
                               "at most 2^28 elements", "more, up to value " + std::to_string(v));
        }
    }

    const IntegerGraph& graph_;
    std::vector<bool> defined_;
    std::vector<int> borders_;  ///< by value: the largest padding of the layers that read it
    std::int64_t work_ = 0;
    bool has_gemm_ = false;
    const IntegerStep* step_ = nullptr;
    std::string where_;
};

}  // namespace

void IntegerGraph::check() const {
    Checker(*this).run();
}

std::string operation_name(const IntegerStep& step) {
    switch (step.kind) {
        case IntegerStep::Kind::quantize:
            return "quantize";
        case IntegerStep::Kind::gemm:
            return "product";
        case IntegerStep::Kind::mean:
            return "avg_pool";
        case IntegerStep::Kind::rescale:
            return "rescale";
        case IntegerStep::Kind::pass:
        case IntegerStep::Kind::apply:
            break;
    }
    return operation(step.node.op).name;
}

Node complete_node(const IntegerGraph& graph, const IntegerStep& step) {
    Node node = step.node;
    node.out = graph.values[step.outputs.front()].dims;
    if (node.op == Op::shortcut_a || node.op == Op::slice) node.channels = node.out.c;
    return node;
}

std::vector<Dims> input_dims_of(const IntegerGraph& graph, const IntegerStep& step) {
    std::vector<Dims> dims;
    for (int v : step.inputs) dims.push_back(graph.values[v].dims);
    return dims;
}

bool is_island(const IntegerGraph& graph, const IntegerStep& step) {
    const bool of_codes = graph.values[step.inputs[0]].quantizer.has_value();
    return step.kind == IntegerStep::Kind::rescale ||
           (step.kind == IntegerStep::Kind::apply && !(of_codes && operation(step.node.op).elementwise));
}

std::string storage_name(const IntegerValue& value) {
    if (!value.quantizer) return "f32";
    const Scheme& scheme = value.quantizer->scheme;
    return (scheme.is_signed ? "s" : "u") + std::to_string(scheme.bits) +
           (scheme.zero_point > 0 ? "z" + std::to_string(scheme.zero_point) : "") +
           (value.quantizer->by_channel() ? "-pc" : "");
}

std::size_t weight_bytes(const IntegerGraph& graph, const IntegerStep& step) {
    std::size_t bytes = 0;
    if (step.kind == IntegerStep::Kind::gemm) bytes += step.weights.bytes();
    bytes += 4 * (step.scale.size() + step.shift.size());
    for (const std::vector<float>& scale : step.extra_scale) bytes += 4 * scale.size();
    for (int v : step.outputs)
        if (const auto& quantizer = graph.values[v].quantizer) bytes += 4 * quantizer->multipliers.size();
    return bytes;
}

std::size_t weight_bytes(const IntegerGraph& graph) {
    std::size_t bytes = 0;
    for (const IntegerStep& step : graph.steps) bytes += weight_bytes(graph, step);
    return bytes;
}

}  // namespace nibble
