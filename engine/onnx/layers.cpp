// Operations with parameters.
#include <algorithm>
#include <bit>
#include <span>

#include "engine/core/error.hpp"
#include "engine/onnx/attributes.hpp"
#include "engine/onnx/import.hpp"
#include "engine/onnx/windows.hpp"

namespace nibble::onnx {

namespace {

Array<float> array_of(const std::vector<float>& values, const Shape& shape) {
    Array<float> array(shape);
    if (array.size() != values.size())
        throw BadInput("constant", "elements", std::to_string(array.size()), std::to_string(values.size()));
    std::ranges::copy(values, array.begin());
    return array;
}

/// The same for a rank-2 tensor, [rows][columns], read column by column.
template <class T>
std::vector<T> transposed(const std::vector<T>& values, std::size_t rows, std::size_t columns) {
    std::vector<T> result;
    result.reserve(values.size());
    for (std::size_t c = 0; c < columns; ++c)
        for (std::size_t r = 0; r < rows; ++r) result.push_back(values[r * columns + c]);
    return result;
}

/// Per output channel (or for all, with one scale): files hold codes of few bits times a power of two, and -8..7 times a
/// negative scale as -7..8.
void reduce_codes(StoredCodes& stored, std::size_t outputs) {
    const std::size_t scales = stored.steps.size(), each = stored.codes.size() / (scales == 1 ? 1 : outputs);
    for (std::size_t c = 0; c < scales; ++c) {
        const auto channel = std::span(stored.codes).subspan(c * each, each);
        const auto even = [](std::int8_t code) { return code % 2 == 0; };
        const auto zero = [](std::int8_t code) { return code == 0; };
        while (std::ranges::all_of(channel, even) && !std::ranges::all_of(channel, zero)) {
            for (std::int8_t& code : channel) code = static_cast<std::int8_t>(code / 2);
            stored.steps[c] *= 2;
        }
        const auto [low, high] = std::ranges::minmax(channel);
        if (std::has_single_bit(static_cast<unsigned>(std::max<int>(high, 0))) && -low < high) {
            for (std::int8_t& code : channel) code = static_cast<std::int8_t>(-code);
            stored.steps[c] = -stored.steps[c];
        }
    }
}

/// Records the codes that the file holds for a layer. The fewest bits that hold them are the layer's.
void keep_codes(Importer& in, const std::string& name, const Shape& shape, StoredCodes stored,
                std::size_t output_axis) {
    if (stored.steps.size() != 1 && stored.axis != output_axis)
        throw BadInput("weights", "scales", "one, or one for each output channel", "others");
    reduce_codes(stored, shape[0]);
    const auto [low, high] = std::ranges::minmax(stored.codes);
    QuantizedWeights layer;
    layer.scheme.bits = 2;
    while (layer.scheme.lowest() > low || layer.scheme.highest() < high) ++layer.scheme.bits;
    if (low > layer.scheme.lowest()) layer.scheme.range = Range::narrow;
    if (layer.scheme.bits == 2 && layer.scheme.range == Range::narrow) layer.scheme.range = Range::full;
    if (stored.steps.size() == 1 && shape[0] != 1) layer.scheme.granularity = Granularity::tensor;
    layer.shape = shape;
    layer.codes = std::move(stored.codes);
    layer.steps = std::move(stored.steps);
    in.quantization().layers.emplace(name, std::move(layer));
}

void set_bias(Importer& in, const std::string& name, const std::vector<float>& values, int channels,
              float factor) {
    std::vector<float> all(static_cast<std::size_t>(channels), values.size() == 1 ? values[0] : 0);
    if (values.size() != 1) all = values;
    for (float& value : all) value *= factor;
    in.weights().insert_or_assign(name + ".bias", array_of(all, {static_cast<std::size_t>(channels)}));
}

/// A bias that the only reader of the layer adds; takes the reader's place.
std::optional<std::vector<float>> absorbed_bias(Importer& in, int channels) {
    const Operation* add = in.only_consumer("Add");
    const Constant* bias = add ? in.constant_of(*add) : nullptr;
    if (!bias || !bias->tensor.is_float() || bias->tensor.size() != static_cast<std::size_t>(channels))
        return {};
    in.absorb(*add);
    return bias->tensor.floats();
}

void read_conv(Importer& in) {
    const Activation& x = in.activation(0);
    const Constant& weight = in.constant(1);
    require_image(x);
    const Sizes& shape = weight.tensor.shape;
    if (shape.size() != 4) throw BadInput("weights", "axes", "4", std::to_string(shape.size()));
    const int channels = small(shape[0], "output channels", 1);
    const int groups = small(attribute(in.operation(), "group", std::int64_t{1}), "group", 1);
    const int per_group = small(shape[1], "input channels", 1);
    if (std::int64_t{per_group} * groups != in.dims(x).c)
        throw BadInput("weights", "input channels of all groups", std::to_string(in.dims(x).c),
                       std::to_string(per_group) + " in each of " + std::to_string(groups));
    Activation from = x;
    Window window =
        window_of(in, in.dims(x), small(shape[2], "kernel height", 1), small(shape[3], "kernel width", 1));
    // Zeros around the image are padding of the convolution.
    if (const Node& before = in.graph()[x.node]; before.op == Op::pad && !x.codes) {
        window.rows.before += before.window.rows.before;
        window.rows.after += before.window.rows.after;
        window.cols.before += before.window.cols.before;
        window.cols.after += before.window.cols.after;
        from = in.image(before.inputs[0]);
    }
    const std::string name = in.layer_name(weight);
    const Shape to(shape.begin(), shape.end());
    in.weights().insert_or_assign(name + ".weight", array_of(weight.tensor.floats(), to));
    if (in.has(2)) set_bias(in, name, in.constant(2).tensor.floats(), channels, 1);
    if (weight.codes) keep_codes(in, name, to, *weight.codes, 0);
    const int node = in.append({.op = Op::conv,
                                .name = name,
                                .inputs = {},
                                .window = window,
                                .groups = groups,
                                .channels = channels,
                                .bias = in.has(2)},
                               {&from});
    in.result(in.image(node));
}

/// `weight` is [out][in] if `transposed_b`, else [in][out].
void add_linear(Importer& in, const Activation& x, const Constant& weight, bool transposed_b, float alpha,
                const std::optional<std::vector<float>>& bias, float beta) {
    const Sizes& shape = weight.tensor.shape;
    if (shape.size() != 2) throw BadInput("weights", "axes", "2", std::to_string(shape.size()));
    if (x.shape.size() != 2 || (x.view != View::image && x.view != View::flat))
        throw BadInput(
            "operand 0: is no flattened image; flatten its channels, rows and columns before this layer");
    const std::size_t rows = weight.tensor.shape[0] > 0 ? static_cast<std::size_t>(shape[0]) : 0;
    const auto columns = static_cast<std::size_t>(shape[1]);
    const int channels = small(shape[transposed_b ? 0 : 1], "outputs", 1);
    std::vector<float> values =
        transposed_b ? weight.tensor.floats() : transposed(weight.tensor.floats(), rows, columns);
    for (float& value : values) value *= alpha;
    const Shape to = transposed_b ? Shape{rows, columns} : Shape{columns, rows};
    const std::string name = in.layer_name(weight);
    in.weights().insert_or_assign(name + ".weight", array_of(values, to));
    if (bias) set_bias(in, name, *bias, channels, beta);
    if (weight.codes && alpha == 1) {
        StoredCodes codes = *weight.codes;
        if (!transposed_b) codes.codes = transposed(codes.codes, rows, columns);
        keep_codes(in, name, to, std::move(codes), transposed_b ? 0 : 1);
    }
    const int node = in.append(
        {.op = Op::linear, .name = name, .inputs = {}, .channels = channels, .bias = bias.has_value()}, {&x});
    in.result(in.image(node, true));
}

/// alpha A B + beta C
void read_gemm(Importer& in) {
    const Operation& op = in.operation();
    if (attribute(op, "transA", std::int64_t{0}) != 0) throw BadInput("attribute transA", "value", "0", "1");
    std::optional<std::vector<float>> bias;
    if (in.has(2)) bias = in.constant(2).tensor.floats();
    add_linear(in, in.activation(0), in.constant(1), attribute(op, "transB", std::int64_t{0}) != 0,
               attribute(op, "alpha", 1.0f), bias, attribute(op, "beta", 1.0f));
}

void read_matmul(Importer& in) {
    const Activation& x = in.activation(0);
    const Constant& weight = in.constant(1);
    const int channels = small(weight.tensor.shape.empty() ? 0 : weight.tensor.shape.back(), "outputs", 1);
    const auto bias = absorbed_bias(in, channels);
    add_linear(in, x, weight, false, 1, bias, 1);
}

void read_batch_norm(Importer& in) {
    const Operation& op = in.operation();
    if (attribute(op, "training_mode", std::int64_t{0}) != 0)
        throw BadInput("attribute training_mode", "value", "0 (export the network in evaluation mode)", "1");
    const Activation& x = in.activation(0);
    require_channels_first(x);
    const std::string name = in.layer_name(in.constant(1));
    const Shape shape{static_cast<std::size_t>(in.dims(x).c)};
    const char* parts[] = {".weight", ".bias", ".running_mean", ".running_var"};
    for (std::size_t i = 0; i < 4; ++i)
        in.weights().insert_or_assign(name + parts[i], array_of(in.constant(i + 1).tensor.floats(), shape));
    Activation y = x;
    y.node = in.append(
        {.op = Op::batch_norm, .name = name, .inputs = {}, .eps = attribute(op, "epsilon", 1e-5f)}, {&x});
    y.codes.reset();
    in.result(y);
}

}  // namespace

const std::map<std::string, Reader>& layer_readers() {
    static const std::map<std::string, Reader> readers{{"Conv", read_conv},
                                                       {"Gemm", read_gemm},
                                                       {"MatMul", read_matmul},
                                                       {"BatchNormalization", read_batch_norm}};
    return readers;
}

}  // namespace nibble::onnx
