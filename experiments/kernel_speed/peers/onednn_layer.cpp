#include "experiments/kernel_speed/peers/onednn_layer.hpp"

#include <algorithm>

namespace nibble::peers {

namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

/// Products of 128ths; the output of an int8 layer then fills the range of u8 without saturating everywhere.
constexpr float kOutputScale = 1.0f / 4096;

struct Types {
    Type activations, weights, bias, output;
};

Types types(const Layer& layer, Precision precision) {
    if (precision == Precision::f32) return {Type::f32, Type::f32, Type::f32, Type::f32};
    if (precision == Precision::int32) return {Type::u8, Type::s8, Type::s32, Type::s32};
    return {Type::u8, Type::s8, Type::s32, layer.linear ? Type::f32 : Type::u8};
}

Tag plain(std::size_t dimensions) {
    return dimensions == 4 ? Tag::abcd : dimensions == 2 ? Tag::ab : Tag::a;
}

std::vector<int> generated(std::size_t count, const std::function<int()>& generate) {
    std::vector<int> values(count);
    std::generate(values.begin(), values.end(), generate);
    return values;
}

dnnl::primitive_attr attributes(const Layer& layer, Precision precision) {
    dnnl::primitive_attr attributes;
    constexpr int per_channel = 1 << 1;
    if (precision == Precision::int8)
        attributes.set_output_scales(per_channel, std::vector<float>(layer.outputs, kOutputScale));
    if (precision != Precision::int32 && !layer.linear) {
        dnnl::post_ops relu;
        relu.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
        attributes.set_post_ops(relu);
    }
    return attributes;
}

}  // namespace

Operands make_operands(const Layer& layer, int batch, const std::function<int()>& activation,
                       const std::function<int()>& weight) {
    const std::size_t in = std::size_t(batch) * layer.inputs * layer.size * layer.size;
    const std::size_t k = std::size_t(layer.inputs) * layer.kernel * layer.kernel;
    return {generated(in, activation), generated(layer.outputs * k, weight), std::vector<int>(layer.outputs)};
}

OnednnLayer::OnednnLayer(const Layer& layer, int batch, Precision precision, const Operands& operands) {
    const Types type = types(layer, precision);
    memory::dims in{batch, layer.inputs}, weights{layer.outputs, layer.inputs};
    output_dims_ = {batch, layer.outputs};
    if (!layer.linear) {
        in.insert(in.end(), 2, layer.size);
        weights.insert(weights.end(), 2, layer.kernel);
        output_dims_.insert(output_dims_.end(), 2, layer.output_size());
    }
    const memory::desc in_any(in, type.activations, Tag::any), weights_any(weights, type.weights, Tag::any),
        bias_any({layer.outputs}, type.bias, Tag::any), out_any(output_dims_, type.output, Tag::any);

    const auto prepare = [&](const auto& chosen) {
        implementation_ = chosen.impl_info_str();
        arguments_ = {{DNNL_ARG_SRC, load(chosen.src_desc(), operands.activations, precision)},
                      {DNNL_ARG_WEIGHTS, load(chosen.weights_desc(), operands.weights, precision)},
                      {DNNL_ARG_BIAS, load(chosen.bias_desc(), operands.bias, precision)},
                      {DNNL_ARG_DST, memory(chosen.dst_desc(), engine_)}};
    };
    const auto inference = dnnl::prop_kind::forward_inference;
    if (layer.linear) {
        const dnnl::inner_product_forward::primitive_desc chosen(
            {inference, in_any, weights_any, bias_any, out_any}, attributes(layer, precision), engine_);
        prepare(chosen);
        primitive_ = dnnl::inner_product_forward(chosen);
    } else {
        const memory::dims strides(2, layer.stride), border(2, layer.border());
        const dnnl::convolution_forward::primitive_desc chosen(
            {inference, dnnl::algorithm::convolution_direct, in_any, weights_any, bias_any, out_any, strides,
             border, border},
            attributes(layer, precision), engine_);
        prepare(chosen);
        primitive_ = dnnl::convolution_forward(chosen);
    }
}

memory OnednnLayer::load(const memory::desc& wanted, const std::vector<int>& values, Precision precision) {
    const memory::dims dims = wanted.dims();
    std::vector<float> floats(values.begin(), values.end());
    if (precision == Precision::f32)
        for (float& value : floats) value /= 128;
    memory source({dims, Type::f32, plain(dims.size())}, engine_, floats.data());
    memory loaded(wanted, engine_);
    dnnl::reorder(source, loaded).execute(stream_, source, loaded);
    stream_.wait();
    return loaded;
}

void OnednnLayer::run() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
}

std::vector<std::int32_t> OnednnLayer::sums() {
    memory& output = arguments_.at(DNNL_ARG_DST);
    memory copy({output_dims_, Type::s32, plain(output_dims_.size())}, engine_);
    dnnl::reorder(output, copy).execute(stream_, output, copy);
    stream_.wait();
    const auto* first = static_cast<const std::int32_t*>(copy.get_data_handle());
    return {first, first + copy.get_desc().get_size() / sizeof(std::int32_t)};
}

}  // namespace nibble::peers
