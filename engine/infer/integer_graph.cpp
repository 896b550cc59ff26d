#include "engine/infer/integer_graph.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "engine/core/error.hpp"

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
            where_ = "step " + std::to_string(i) + " (" + to_string(step_->op) + " " + step_->name + ")";
            check_step();
        }
        for (std::size_t v = 0; v < defined_.size(); ++v)
            if (!defined_[v])
                throw BadInput("integer network: value " + std::to_string(v) + " is never computed");
        if (!has_product_) throw BadInput("integer network: it has no convolution and no linear layer");
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

    /// The output of the step's window.
    Dims slide(Dims in, int channels) const {
        step_->window.check(in, where_ + ": window");
        for (int n : step_->window.numbers())
            if (n > kMaxWindow)
                fail("window", "sizes of at most " + std::to_string(kMaxWindow), std::to_string(n));
        return step_->window.output(in, channels);
    }

    void check_step() {
        const IntegerValue& in = defined(step_->input);
        if (step_->residual < -1 || (step_->residual >= 0 && step_->op != IntegerStep::Op::product))
            fail("residual", "a value of a product, or -1", std::to_string(step_->residual));
        switch (step_->op) {
            case IntegerStep::Op::quantize:
                require_form(in, false);
                for (int v : step_->outputs)
                    if (v > 0 && static_cast<std::size_t>(v) < graph_.values.size() &&
                        !graph_.values[v].quantizer)
                        fail("its output", "codes", "floats");
                return define_outputs(in.dims);
            case IntegerStep::Op::product:
                return check_product(in);
            case IntegerStep::Op::shortcut: {
                if (step_->stride < 1 || step_->stride > kMaxWindow)
                    fail("stride", "1 to " + std::to_string(kMaxWindow), std::to_string(step_->stride));
                require_one_scale(in, "its input");
                const Dims out = first_output().dims;
                if (out.c < in.dims.c)
                    fail("channels", "at least " + std::to_string(in.dims.c), std::to_string(out.c));
                const int s = step_->stride;
                return define_outputs({(in.dims.h + s - 1) / s, (in.dims.w + s - 1) / s, out.c},
                                      &in.quantizer);
            }
            case IntegerStep::Op::max_pool:
                return check_pool(in, &in.quantizer);
            case IntegerStep::Op::avg_pool:
                require_one_scale(in, "its input");
                return check_pool(in, nullptr);
        }
    }

    const IntegerValue& first_output() const {
        if (step_->outputs.empty() || step_->outputs.front() < 0 ||
            static_cast<std::size_t>(step_->outputs.front()) >= graph_.values.size())
            fail("output", "a value", "none");
        return graph_.values[step_->outputs.front()];
    }

    void check_pool(const IntegerValue& in, const std::optional<Quantizer>* same) {
        const Dims out = slide(in.dims, in.dims.c);
        step_->window.check_pooling(in.dims, where_);
        define_outputs(out, same);
        add_work(out, step_->window.taps());
    }

    void check_product(const IntegerValue& in) {
        require_form(in, true);
        const QuantizedWeights& w = step_->weights;
        nibble::check(w, step_->name);
        const Dims out = slide(in.dims, static_cast<int>(w.outputs()));
        const auto size = [](int n) { return static_cast<std::size_t>(n); };
        Shape expected{w.outputs(), size(in.dims.c)};
        if (w.shape.size() == 4) {
            expected.push_back(size(step_->window.rows.kernel));
            expected.push_back(size(step_->window.cols.kernel));
        } else if (in.dims.h != 1 || in.dims.w != 1 || step_->window != Window{}) {
            fail("input and window of a linear layer", "1x1xc and 1x1", to_string(in.dims));
        }
        if (w.shape != expected) fail("shape of its weights", to_string(expected), to_string(w.shape));
        if (const std::size_t kernel = w.codes.size() / w.kernels(); kernel > kMaxKernel)
            fail("weights of a kernel", "at most " + std::to_string(kMaxKernel), std::to_string(kernel));
        if (step_->scale.size() != w.outputs() || step_->shift.size() != w.outputs() ||
            !are_finite(step_->scale) || !are_finite(step_->shift))
            fail("scales and shifts", "one finite number per channel", "something else");
        check_extra_scales();
        check_sums(*in.quantizer);
        has_product_ = true;
        int& border = borders_[static_cast<std::size_t>(step_->input)];
        border = std::max(border, step_->window.largest_pad());
        if (step_->residual >= 0 && defined(step_->residual).dims != out)
            fail("shape of its residual", to_string(out), to_string(graph_.values[step_->residual].dims));
        if (step_->residual >= 0) require_one_scale(graph_.values[step_->residual], "its residual");
        define_outputs(out);
        add_work({out.h, out.w, static_cast<int>(w.kernels())},
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
        for (std::size_t k = 0; k < w.kernels(); ++k) {
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
    std::vector<int> borders_;  ///< by value: the largest padding of the products that read it
    std::int64_t work_ = 0;
    bool has_product_ = false;
    const IntegerStep* step_ = nullptr;
    std::string where_;
};

}  // namespace

void IntegerGraph::check() const {
    Checker(*this).run();
}

std::string to_string(IntegerStep::Op op) {
    return kOperations[static_cast<int>(op)];
}

std::string storage_name(const IntegerValue& value) {
    if (!value.quantizer) return "f32";
    const Scheme& scheme = value.quantizer->scheme;
    return (scheme.is_signed ? "s" : "u") + std::to_string(scheme.bits) +
           (value.quantizer->by_channel() ? "-pc" : "");
}

std::size_t weight_bytes(const IntegerGraph& graph, const IntegerStep& step) {
    std::size_t bytes = 0;
    if (step.op == IntegerStep::Op::product)
        bytes += step.weights.bytes() + 4 * (step.scale.size() + step.shift.size());
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
