// Functions of one element, sums and products of two activations, and activations times or plus constants.
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/onnx/attributes.hpp"
#include "engine/onnx/windows.hpp"

namespace nibble::onnx {

namespace {

/// Its value under the view of `x`.
Activation like(const Activation& x, int node) {
    Activation y = x;
    y.node = node;
    y.codes.reset();
    return y;
}

void append_like(Importer& in, const Activation& x, Node node) {
    in.result(like(x, in.append(std::move(node), {&x})));
}

void add_clamp(Importer& in, Clamp bounds) {
    Activation x = in.activation(0);
    // clamp(clamp(x)) is one clamp; its inner one stays only if somebody else reads it.
    if (const Node& before = in.graph()[x.node]; before.op == Op::clamp && !x.codes) {
        bounds = {bounds(before.clamp.low), bounds(before.clamp.high)};
        x.node = before.inputs[0];
    }
    append_like(in, x, {.op = Op::clamp, .name = {}, .inputs = {}, .clamp = bounds});
}

void read_relu(Importer& in) {
    add_clamp(in, kRelu);
}

float bound(const Importer& in, std::size_t i, const char* name, float none) {
    if (!in.has(i)) return attribute(in.operation(), name, none);
    const auto& values = in.constant(i).tensor.floats();
    if (values.size() != 1) throw BadInput(name, "elements", "1", std::to_string(values.size()));
    return values.front();
}

void read_clip(Importer& in) {
    Clamp bounds{bound(in, 1, "min", Clamp{}.low), bound(in, 2, "max", Clamp{}.high)};
    if (bounds.low <= std::numeric_limits<float>::lowest()) bounds.low = Clamp{}.low;
    if (bounds.high >= std::numeric_limits<float>::max()) bounds.high = Clamp{}.high;
    add_clamp(in, bounds);
}

void read_leaky_relu(Importer& in) {
    append_like(
        in, in.activation(0),
        {.op = Op::leaky_relu, .name = {}, .inputs = {}, .slope = attribute(in.operation(), "alpha", 0.01f)});
}

void read_hard_sigmoid(Importer& in) {
    const float alpha = attribute(in.operation(), "alpha", 0.2f),
                beta = attribute(in.operation(), "beta", 0.5f);
    if (std::abs(alpha - 1.0f / 6.0f) > 1e-4f || beta != 0.5f)
        throw BadInput("attributes", "alpha and beta", "1/6 and 0.5",
                       std::to_string(alpha) + " and " + std::to_string(beta));
    append_like(in, in.activation(0), {.op = Op::hard_sigmoid, .name = {}, .inputs = {}});
}

template <Op op>
void read_function(Importer& in) {
    append_like(in, in.activation(0), {.op = op, .name = {}, .inputs = {}});
}

void read_softmax(Importer& in) {
    const Activation& x = in.activation(0);
    const Dims dims = in.dims(x);
    const std::int64_t usual = in.opset() < 13 ? 1 : -1;
    const std::size_t axis = axis_of(attribute(in.operation(), "axis", usual), x.shape.size());
    const bool channels = x.view == View::image ? axis == 1 : x.view == View::pixels_last && axis == 3;
    if (!channels || (in.opset() < 13 && dims.h * dims.w != 1))
        throw BadInput("axis", "axis", "that of the channels", std::to_string(axis));
    append_like(in, x, {.op = Op::softmax, .name = {}, .inputs = {}});
}

void read_local_norm(Importer& in) {
    const Operation& op = in.operation();
    const Activation& x = in.activation(0);
    require_channels_first(x);
    LocalNorm norm;
    norm.size = small(attribute(op, "size", std::int64_t{0}), "size", 1);
    if (norm.size % 2 == 0) throw BadInput("size", "number", "an odd one", std::to_string(norm.size));
    norm.alpha = attribute(op, "alpha", 1e-4f);
    norm.beta = attribute(op, "beta", 0.75f);
    norm.k = attribute(op, "bias", 1.0f);
    append_like(in, x, {.op = Op::local_norm, .name = {}, .inputs = {}, .local = norm});
}

/// What the file leaves in from training, and what changes no value.
void read_identity(Importer& in) {
    in.result(in.activation(0));
}

void read_cast(Importer& in) {
    constexpr std::int64_t kFloat = 1;
    if (attribute(in.operation(), "to", std::int64_t{0}) != kFloat)
        throw BadInput("element type", "of activations", "float (1)", "another");
    read_identity(in);
}

// ---- with a constant

/// One number per channel, or one for all, of a constant that broadcasts over `x`.
std::vector<float> per_channel(const Importer& in, const Activation& x, const Tensor& constant) {
    const auto& values = constant.floats();
    const auto channels = static_cast<std::size_t>(in.dims(x).c);
    if (values.size() == 1) return values;
    const std::size_t rank = x.shape.size(), lead = rank - std::min(rank, constant.shape.size());
    const std::size_t channel_axis = x.view == View::pixels_last ? rank - 1 : 1;
    bool fits = (x.view == View::image || x.view == View::pixels_last) && values.size() == channels &&
                constant.shape.size() <= rank;
    for (std::size_t d = 0; fits && d < constant.shape.size(); ++d)
        fits = constant.shape[d] == (lead + d == channel_axis ? static_cast<std::int64_t>(channels) : 1);
    if (!fits)
        throw BadInput("constant", "elements", "one, or one for each channel", std::to_string(values.size()));
    return values;
}

/// x * scale + shift as a batch norm of mean 0 and variance 1; `scale` and `shift` have one element, or one per
/// channel.
void add_affine(Importer& in, const Activation& x, const std::vector<float>& scale,
                const std::vector<float>& shift) {
    constexpr float kEps = 0x1p-24f;  // with the largest float below 1, 1 - 2^-24, a variance of exactly 1
    const auto channels = static_cast<std::size_t>(in.dims(x).c);
    const auto all = [&](const std::vector<float>& values) {
        Array<float> array(Shape{channels});
        for (std::size_t c = 0; c < channels; ++c) array.data()[c] = values[values.size() == 1 ? 0 : c];
        return array;
    };
    const std::string name = in.layer_name({{}, {}, ""});
    in.weights().insert_or_assign(name + ".weight", all(scale));
    in.weights().insert_or_assign(name + ".bias", all(shift));
    in.weights().insert_or_assign(name + ".running_mean", all({0.0f}));
    in.weights().insert_or_assign(name + ".running_var", all({1.0f - kEps}));
    const int node = in.append({.op = Op::batch_norm, .name = name, .inputs = {}, .eps = kEps}, {&x});
    if (scale.size() == 1 && shift.size() == 1) in.affines[node] = {x.node, scale[0], shift[0]};
    in.result(like(x, node));
}

/// The x of clamp(x + 3, 0, 6), which exporters write hard sigmoid and hard swish with; -1 for any other node.
int operand_of_sixths(const Importer& in, const Graph& graph, int node) {
    const Node& clamp = graph[node];
    if (clamp.op != Op::clamp || clamp.clamp != Clamp{0, 6}) return -1;
    const auto affine = in.affines.find(clamp.inputs[0]);
    return affine != in.affines.end() && affine->second.scale == 1 && affine->second.shift == 3
               ? affine->second.x
               : -1;
}

/// Of x / 6: hard sigmoid or hard swish where x is such a clamp, or that times its operand.
bool took_sixth(Importer& in, const Activation& x, const std::vector<float>& scale) {
    if (scale.size() != 1 || std::abs(scale[0] - 1.0f / 6.0f) > 1e-6f) return false;
    const Node& node = in.graph()[x.node];
    Activation from = x;
    from.node = operand_of_sixths(in, in.graph(), x.node);
    Op op = Op::hard_sigmoid;
    if (node.op == Op::multiply)
        for (const int side : {0, 1})
            if (operand_of_sixths(in, in.graph(), node.inputs[side]) == node.inputs[1 - side]) {
                from.node = node.inputs[1 - side];
                op = Op::hard_swish;
            }
    if (from.node < 0) return false;
    append_like(in, from, {.op = op, .name = {}, .inputs = {}});
    return true;
}

void add_constant_operand(Importer& in) {
    const std::string& type = in.operation().type;
    const bool constant_first = in.is_constant(0);
    const Activation x = in.activation(constant_first ? 1 : 0);
    std::vector<float> values = per_channel(in, x, in.constant(constant_first ? 0 : 1).tensor);
    std::vector<float> scale{1.0f}, shift{0.0f};
    if (type == "Add" || type == "Sub") {
        if (type == "Sub")
            for (float& value : values) value = constant_first ? value : -value;
        if (type == "Sub" && constant_first) scale = {-1.0f};
        shift = values;
    } else {
        if (type == "Div") {
            if (constant_first) throw BadInput("operand 1", "kind", "a constant", "an activation");
            for (float& value : values) value = 1.0f / value;
        }
        scale = values;
    }
    if (scale == std::vector{1.0f} && shift == std::vector{0.0f}) return in.result(x);
    if (!took_sixth(in, x, scale)) add_affine(in, x, scale, shift);
}

// ---- of two activations

/// x * f(x) is one function where f is a gate.
std::optional<Op> gated(Op gate) {
    if (gate == Op::sigmoid) return Op::silu;
    if (gate == Op::hard_sigmoid) return Op::hard_swish;
    return {};
}

void add_two(Importer& in, const Activation& a, const Activation& b, Op op) {
    if (a.view != b.view || a.shape.size() != b.shape.size())
        throw BadInput("operands: their axes are in two orders");
    const Activation *first = &a, *second = &b;
    if (in.dims(a) != in.dims(b) && in.dims(a).h * in.dims(a).w == 1) std::swap(first, second);
    if (op == Op::multiply)
        for (const auto& [x, gate] : {std::pair{first, second}, {second, first}})
            if (const Node& node = in.graph()[gate->node];
                !gate->codes && node.inputs == std::vector{x->node})
                if (const auto whole = gated(node.op))
                    return append_like(in, *x, {.op = *whole, .name = {}, .inputs = {}});
    in.result(like(*first, in.append({.op = op, .name = {}, .inputs = {}}, {first, second})));
}

template <Op op>
void read_binary(Importer& in) {
    if (in.inputs() != 2) throw BadInput("operands", "number", "2", std::to_string(in.inputs()));
    if (in.is_constant(0) || in.is_constant(1)) return add_constant_operand(in);
    add_two(in, in.activation(0), in.activation(1), op);
}

void read_constant_binary(Importer& in) {
    if (!in.is_constant(0) && !in.is_constant(1))
        throw BadInput("operands", "kind", "one activation and one constant", "two activations");
    add_constant_operand(in);
}

void read_sum(Importer& in) {
    Activation sum = in.activation(0);
    for (std::size_t i = 1; i < in.inputs(); ++i) {
        const Activation& next = in.activation(i);
        if (next.view != sum.view) throw BadInput("operands: their axes are in two orders");
        sum = like(sum, in.append({.op = Op::add, .name = {}, .inputs = {}}, {&sum, &next}));
    }
    in.result(sum);
}

}  // namespace

const std::map<std::string, Reader>& pointwise_readers() {
    static const std::map<std::string, Reader> readers{{"Relu", read_relu},
                                                       {"Clip", read_clip},
                                                       {"LeakyRelu", read_leaky_relu},
                                                       {"HardSigmoid", read_hard_sigmoid},
                                                       {"HardSwish", read_function<Op::hard_swish>},
                                                       {"Sigmoid", read_function<Op::sigmoid>},
                                                       {"Softmax", read_softmax},
                                                       {"LRN", read_local_norm},
                                                       {"Dropout", read_identity},
                                                       {"Identity", read_identity},
                                                       {"Cast", read_cast},
                                                       {"Add", read_binary<Op::add>},
                                                       {"Mul", read_binary<Op::multiply>},
                                                       {"Sub", read_constant_binary},
                                                       {"Div", read_constant_binary},
                                                       {"Sum", read_sum}};
    return readers;
}

}  // namespace nibble::onnx
