// QuantizeLinear and DequantizeLinear: which values a network holds as codes, and of which scale.
//
//     code = clamp(round(x / scale) + zero),   value = (code - zero) * scale
//
// A zero of 0, or of the middle of the range, is what Nibble's quantizers can be: unsigned codes, or signed ones.
#include <algorithm>

#include "engine/core/error.hpp"
#include "engine/nn/ops/op.hpp"
#include "engine/onnx/attributes.hpp"
#include "engine/onnx/import.hpp"
#include "engine/quant/quantizer.hpp"

namespace nibble::onnx {

namespace {

std::int64_t zero_of(const Importer& in, std::size_t i) {
    if (!in.has(2)) return 0;
    const auto& zeros = in.constant(2).tensor.ints();
    return zeros.at(zeros.size() == 1 ? 0 : i);
}

/// (codes - zero) * scale, the codes kept if bytes hold them.
void read_constant_codes(Importer& in) {
    const Constant& stored = in.constant(0);
    const Tensor& tensor = stored.tensor;
    const auto& codes = tensor.ints();
    const auto& scales = in.constant(1).tensor.floats();
    Constant result{{tensor.shape, {}, Element::f32}, StoredCodes{{}, scales, 0}, stored.name};
    std::int64_t inner = 1;  // elements between neighbours along the axis
    if (scales.size() != 1) {
        const std::size_t axis =
            axis_of(attribute(in.operation(), "axis", std::int64_t{1}), tensor.shape.size());
        if (static_cast<std::int64_t>(scales.size()) != tensor.shape[axis])
            throw BadInput("scale", "elements", std::to_string(tensor.shape[axis]),
                           std::to_string(scales.size()));
        inner = elements({tensor.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, tensor.shape.end()});
        result.codes->axis = axis;
    }
    std::vector<float> values;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const std::size_t channel = i / static_cast<std::size_t>(inner) % scales.size();
        const std::int64_t code = codes[i] - zero_of(in, channel);
        values.push_back(static_cast<float>(code) * scales[channel]);
        if (code < -128 || code > 127) result.codes.reset();
        if (result.codes) result.codes->codes.push_back(static_cast<std::int8_t>(code));
    }
    result.tensor.values = std::move(values);
    in.result(std::move(result));
}

/// Codes that a clamp in front keeps within fewer than 8 bits have only these. `stored_zero`: what 0 is stored as in a byte
/// without sign; 128 makes signed codes of any width.
Scheme scheme_of(const Node& before, int stored_zero, float scale) {
    Scheme scheme{.is_signed = stored_zero == 128, .granularity = Granularity::tensor};
    if (!scheme.is_signed) scheme.zero_point = stored_zero;
    if (before.op != Op::clamp || !before.clamp.bounds_above()) return scheme;
    for (int bits = 2; bits < 8; ++bits) {
        Scheme narrow = scheme;
        narrow.bits = bits;
        if (before.clamp.high > static_cast<float>(narrow.highest()) * scale * (1 + 1e-6f) ||
            before.clamp.low < static_cast<float>(narrow.lowest()) * scale * (1 + 1e-6f))
            continue;
        if (narrow.zero_point == 1 << (bits - 1)) {
            narrow.zero_point = 0;
            narrow.is_signed = true;
        }
        return narrow;
    }
    return scheme;
}

void read_quantize(Importer& in) {
    Activation x = in.activation(0);
    const auto& scales = in.constant(1).tensor.floats();
    if (scales.size() != 1)
        throw BadInput("scale", "elements", "one for all channels of an activation",
                       std::to_string(scales.size()));
    const bool is_byte = in.has(2) && in.constant(2).tensor.element == Element::i8;
    const std::int64_t zero = zero_of(in, 0), lowest = is_byte ? -128 : 0;
    if (in.has(2) && in.constant(2).tensor.element != Element::u8 && !is_byte)
        throw BadInput("zero point", "element type", "int8 or uint8", "another");
    if (zero < lowest || zero > lowest + 255)
        throw BadInput("zero point", "value", std::to_string(lowest) + " to " + std::to_string(lowest + 255),
                       std::to_string(zero));
    x.codes =
        make_quantizer(scheme_of(in.graph()[x.node], static_cast<int>(zero - lowest), scales[0]), scales[0]);
    x.as_codes = true;
    in.result(x);
}

void read_dequantize(Importer& in) {
    if (in.is_constant(0)) return read_constant_codes(in);
    Activation x = in.activation(0);
    if (!x.as_codes) throw BadInput("operand 0: is no output of a QuantizeLinear");
    const auto& scales = in.constant(1).tensor.floats();
    if (scales.size() != 1 || scales[0] != x.codes->step)
        throw BadInput("scale", "value", "that of the QuantizeLinear before", "another");
    x.as_codes = false;
    in.result(x);
}

}  // namespace

const std::map<std::string, Reader>& code_readers() {
    static const std::map<std::string, Reader> readers{{"QuantizeLinear", read_quantize},
                                                       {"DequantizeLinear", read_dequantize}};
    return readers;
}

}  // namespace nibble::onnx
