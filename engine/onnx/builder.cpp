#include "engine/onnx/builder.hpp"

#include <limits>

#include "engine/core/error.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble::onnx {

namespace {

using Ints = std::vector<std::int64_t>;
using Attributes = std::map<std::string, Attribute>;

Ints pads_of(const Window& w) {
    return {w.rows.before, w.cols.before, w.rows.after, w.cols.after};
}

Attributes window_attributes(const Window& w) {
    return {{"kernel_shape", Ints{w.rows.kernel, w.cols.kernel}},
            {"strides", Ints{w.rows.stride, w.cols.stride}},
            {"pads", pads_of(w)}};
}

Attributes convolution_attributes(const Node& node) {
    Attributes attributes = window_attributes(node.window);
    attributes["dilations"] = Ints{node.window.rows.dilation, node.window.cols.dilation};
    attributes["group"] = std::int64_t{node.groups};
    return attributes;
}

/// The window whose means are the adaptive ones.
Window adaptive_window(const Node& node, Dims in) {
    if (in.h % node.out.h != 0 || in.w % node.out.w != 0)
        throw Unsupported("adaptive pooling of " + to_string(in) + " to " + to_string(node.out) +
                          ": ONNX has no windows of different sizes in one operation");
    const int h = in.h / node.out.h, w = in.w / node.out.w;
    return {{.kernel = h, .stride = h}, {.kernel = w, .stride = w}};
}

}  // namespace

Builder::Builder(Dims input) {
    file_.opset = 13;
    file_.inputs = {{"input", {-1, input.c, input.h, input.w}}};
    names_["input"] = names_["logits"] = 1;
}

std::string Builder::fresh(const std::string& stem) {
    const int uses = names_[stem]++;
    return uses == 0 ? stem : fresh(stem + "_" + std::to_string(uses));
}

std::string Builder::operation(const std::string& type, std::vector<std::string> inputs,
                               Attributes attributes, const std::string& name) {
    const std::string output = fresh(name.empty() ? type : name);
    file_.operations.push_back({type, output, std::move(inputs), {output}, std::move(attributes)});
    return output;
}

std::string Builder::constant(Tensor tensor, const std::string& name) {
    const std::string own = fresh(name.empty() ? "constant" : name);
    file_.constants.emplace(own, std::move(tensor));
    return own;
}

std::string Builder::floats(std::vector<float> values, Ints shape, const std::string& name) {
    return constant({std::move(shape), std::move(values), Element::f32}, name);
}

std::string Builder::ints(Ints values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return constant({{n}, std::move(values), Element::i64});
}

Written Builder::image(const Written& x) {
    return x.flat ? Written{operation("Unsqueeze", {x.name, ints({2, 3})})} : x;
}

Written Builder::add(Written a, Written b) {
    if (a.flat != b.flat) a = image(a), b = image(b);
    return {operation("Add", {a.name, b.name}), a.flat};
}

Written Builder::clamp(const Written& x, const Clamp& bounds) {
    if (!bounds.bounds()) return x;
    if (bounds == kRelu) return {operation("Relu", {x.name}), x.flat};
    const auto bound = [&](bool is_there, float value) {
        return is_there ? floats({value}, {}) : std::string();
    };
    const std::string low = bound(bounds.bounds_below(), bounds.low),
                      high = bound(bounds.bounds_above(), bounds.high);
    return {operation("Clip", {x.name, low, high}), x.flat};
}

Written Builder::layer(const Node& node, const Written& x, const std::string& weight,
                       const std::string& bias) {
    std::vector<std::string> operands{node.op == Op::conv ? image(x).name : x.name, weight};
    if (!bias.empty()) operands.push_back(bias);
    if (node.op == Op::conv) return {operation("Conv", operands, convolution_attributes(node), node.name)};
    if (!x.flat) operands[0] = operation("Flatten", {x.name}, {{"axis", std::int64_t{1}}});
    return {operation("Gemm", operands, {{"transB", std::int64_t{1}}}, node.name), true};
}

Written Builder::node(const Node& node, const std::vector<Dims>& in, std::vector<Written> x,
                      const Weights& weights) {
    const auto parameter = [&](const std::string& suffix) {
        const Array<float>& values = weights.at(node.name + suffix);
        return floats({values.begin(), values.end()}, {values.shape().begin(), values.shape().end()},
                      node.name + suffix);
    };
    const auto simple = [&](const char* type, Attributes attributes = {}) {
        return Written{operation(type, {x[0].name}, std::move(attributes)), x[0].flat};
    };
    const auto on_image = [&](const char* type, Attributes attributes = {}) {
        x[0] = image(x[0]);
        return simple(type, std::move(attributes));
    };
    const auto gated = [&](const Written& gate) {
        return Written{operation("Mul", {x[0].name, gate.name}), x[0].flat};
    };
    const auto hard_sigmoid = [&] { return simple("HardSigmoid", {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}}); };
    const auto mean = [&](const Window& window, bool count_padding) {
        Attributes attributes = window_attributes(window);
        attributes["count_include_pad"] = std::int64_t{count_padding};
        return on_image("AveragePool", attributes);
    };
    switch (node.op) {
        case Op::input:
            return x[0];
        case Op::conv:
        case Op::linear:
            return layer(node, x[0], parameter(".weight"), node.bias ? parameter(".bias") : "");
        case Op::batch_norm: {
            std::vector<std::string> operands{x[0].name};
            for (const char* suffix : {".weight", ".bias", ".running_mean", ".running_var"})
                operands.push_back(parameter(suffix));
            return {operation("BatchNormalization", operands, {{"epsilon", node.eps}}, node.name), x[0].flat};
        }
        case Op::clamp:
            return clamp(x[0], node.clamp);
        case Op::add:
            return add(x[0], x[1]);
        case Op::multiply:
            if (x[0].flat != x[1].flat) x[0] = image(x[0]), x[1] = image(x[1]);
            return gated(x[1]);
        case Op::shortcut_a: {
            constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
            Written y = image(x[0]);
            if (node.stride != 1)
                y.name = operation("Slice", {y.name, ints({0, 0}), ints({kEnd, kEnd}), ints({2, 3}),
                                             ints({node.stride, node.stride})});
            const std::int64_t more = node.out.c - in[0].c;
            return {operation("Pad", {y.name, ints({0, more / 2, 0, 0, 0, more - more / 2, 0, 0})})};
        }
        case Op::max_pool:
            return on_image("MaxPool", window_attributes(node.window));
        case Op::avg_pool:
            return mean(node.window, node.count_padding);
        case Op::global_pool:
            return on_image("GlobalAveragePool");
        case Op::adaptive_pool:
            return mean(adaptive_window(node, in[0]), true);
        case Op::leaky_relu:
            return simple("LeakyRelu", {{"alpha", node.slope}});
        case Op::hard_sigmoid:
            return hard_sigmoid();
        case Op::hard_swish:
            return gated(hard_sigmoid());
        case Op::sigmoid:
            return simple("Sigmoid");
        case Op::silu:
            return gated(simple("Sigmoid"));
        case Op::concat: {
            std::vector<std::string> operands;
            for (const Written& operand : x) operands.push_back(image(operand).name);
            return {operation("Concat", operands, {{"axis", std::int64_t{1}}})};
        }
        case Op::slice:
            return {operation("Slice",
                              {x[0].name, ints({node.first}), ints({node.first + node.channels}), ints({1})}),
                    x[0].flat};
        case Op::shuffle: {
            const Dims d = node.out;
            const std::string split =
                operation("Reshape", {image(x[0]).name, ints({0, node.groups, d.c / node.groups, d.h, d.w})});
            const std::string exchanged = operation("Transpose", {split}, {{"perm", Ints{0, 2, 1, 3, 4}}});
            return {operation("Reshape", {exchanged, ints({0, d.c, d.h, d.w})})};
        }
        case Op::pad: {
            const Ints p = pads_of(node.window);
            return {operation("Pad", {image(x[0]).name, ints({0, 0, p[0], p[1], 0, 0, p[2], p[3]})})};
        }
        case Op::local_norm:
            if (node.local.size % 2 == 0)
                throw Unsupported(
                    "local response normalization over an even number of channels: ONNX centres its window "
                    "otherwise");
            return simple("LRN", {{"size", std::int64_t{node.local.size}},
                                  {"alpha", node.local.alpha},
                                  {"beta", node.local.beta},
                                  {"bias", node.local.k}});
        case Op::dropout:
            return x[0];
        case Op::softmax:
            return simple("Softmax", {{"axis", std::int64_t{1}}});
    }
    throw Error("onnx: no such operation");
}

File Builder::finish(const Written& logits, int classes) && {
    if (logits.flat)
        operation("Identity", {logits.name});
    else
        operation("Flatten", {logits.name}, {{"axis", std::int64_t{1}}});
    file_.operations.back().outputs = {"logits"};
    file_.outputs = {{"logits", {-1, classes}}};
    return std::move(file_);
}

}  // namespace nibble::onnx
