#include "engine/onnx/file.hpp"

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/onnx_pb.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "engine/core/bf16.hpp"
#include "engine/core/error.hpp"
#include "engine/core/f16.hpp"
#include "engine/core/file.hpp"

namespace nibble::onnx {

namespace {

namespace pb = ::onnx;

/// protobuf can hold no message of 2 GiB; more comes as external data.
constexpr std::uintmax_t kLargestMessage = std::numeric_limits<std::int32_t>::max();
constexpr std::uintmax_t kLargestData = std::uintmax_t{16} << 30;

/// The number of elements, at most what fits `most` bytes at a byte each.
std::size_t elements_of(const pb::TensorProto& tensor, const std::string& where) {
    std::size_t n = 1;
    for (const std::int64_t d : tensor.dims()) {
        if (d < 0 || (d > 0 && n > (std::size_t{1} << 40) / static_cast<std::size_t>(d)))
            throw BadInput(where, "size", "at most 2^40 elements", std::to_string(d));
        n *= static_cast<std::size_t>(d);
    }
    return n;
}

/// Reads files beside the model, each one once.
class ExternalData {
  public:
    explicit ExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}

    std::string_view bytes(const pb::TensorProto& tensor, const std::string& where) {
        std::string location;
        std::uint64_t offset = 0, length = std::numeric_limits<std::uint64_t>::max();
        for (const auto& entry : tensor.external_data()) {
            if (entry.key() == "location") location = entry.value();
            if (entry.key() == "offset") offset = number(entry.value(), where);
            if (entry.key() == "length") length = number(entry.value(), where);
        }
        const std::filesystem::path relative(location);
        if (location.empty() || relative.is_absolute())
            throw BadInput(where, "external data", "a file in the folder of the model", "'" + location + "'");
        for (const auto& part : relative)
            if (part == "..")
                throw BadInput(where, "external data", "a file in the folder of the model",
                               "'" + location + "'");
        auto found = files_.find(location);
        if (found == files_.end())
            found = files_.emplace(location, nibble::read_file(folder_ / relative, kLargestData)).first;
        const std::string_view all = found->second;
        if (offset > all.size())
            throw BadInput(where, "external data", "an offset within the file", std::to_string(offset));
        return all.substr(offset, length);
    }

  private:
    static std::uint64_t number(const std::string& text, const std::string& where) {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size())
            throw BadInput(where, "external data", "a number of bytes", "'" + text + "'");
        return value;
    }

    std::filesystem::path folder_;
    std::map<std::string, std::string> files_;
};

/// Little-endian elements of type `Stored`, each through `convert`.
template <class Stored, class Out, class Convert>
std::vector<Out> unpack(std::string_view bytes, std::size_t count, const std::string& where,
                        Convert convert) {
    static_assert(std::endian::native == std::endian::little);
    if (bytes.size() != count * sizeof(Stored))
        throw BadInput(where, "data", std::to_string(count * sizeof(Stored)) + " bytes",
                       std::to_string(bytes.size()));
    std::vector<Out> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        values[i] = convert(stored);
    }
    return values;
}

/// Elements that a message holds as numbers of a wider type.
template <class Out, class Field, class Convert>
std::vector<Out> list(const Field& field, std::size_t count, const std::string& where, Convert convert) {
    if (static_cast<std::size_t>(field.size()) != count)
        throw BadInput(where, "data", std::to_string(count) + " elements", std::to_string(field.size()));
    std::vector<Out> values;
    values.reserve(count);
    for (const auto& element : field) values.push_back(convert(element));
    return values;
}

Tensor tensor_from(const pb::TensorProto& stored, ExternalData& external, const std::string& where) {
    const std::size_t count = elements_of(stored, where);
    const bool outside = stored.data_location() == pb::TensorProto::EXTERNAL;
    const bool raw = outside || stored.has_raw_data();
    const std::string_view bytes =
        outside ? external.bytes(stored, where) : std::string_view(stored.raw_data());
    Tensor tensor{{stored.dims().begin(), stored.dims().end()}, {}, Element::f32};
    const auto same = [](auto x) { return x; };
    const auto integer = [](auto x) { return static_cast<std::int64_t>(x); };
    const auto from_half = [](auto x) { return to_float(F16{static_cast<std::uint16_t>(x)}); };
    const auto from_bf16 = [](auto x) { return to_float(Bf16{static_cast<std::uint16_t>(x)}); };
    const auto floats = [&]<class Stored>(Stored, const auto& field, auto convert) {
        tensor.values = raw ? unpack<Stored, float>(bytes, count, where, convert)
                            : list<float>(field, count, where, convert);
    };
    const auto ints = [&]<class Stored>(Element element, Stored, const auto& field) {
        tensor.element = element;
        tensor.values = raw ? unpack<Stored, std::int64_t>(bytes, count, where, integer)
                            : list<std::int64_t>(field, count, where, integer);
    };
    switch (stored.data_type()) {
        case pb::TensorProto::FLOAT:
            floats(float{}, stored.float_data(), same);
            break;
        case pb::TensorProto::DOUBLE:
            floats(double{}, stored.double_data(), [](double x) { return static_cast<float>(x); });
            break;
        case pb::TensorProto::FLOAT16:
            floats(std::uint16_t{}, stored.int32_data(), from_half);
            break;
        case pb::TensorProto::BFLOAT16:
            floats(std::uint16_t{}, stored.int32_data(), from_bf16);
            break;
        case pb::TensorProto::INT64:
            ints(Element::i64, std::int64_t{}, stored.int64_data());
            break;
        case pb::TensorProto::INT32:
            ints(Element::i32, std::int32_t{}, stored.int32_data());
            break;
        case pb::TensorProto::INT8:
            ints(Element::i8, std::int8_t{}, stored.int32_data());
            break;
        case pb::TensorProto::UINT8:
            ints(Element::u8, std::uint8_t{}, stored.int32_data());
            break;
        case pb::TensorProto::BOOL:
            ints(Element::boolean, std::uint8_t{}, stored.int32_data());
            break;
        default:
            throw BadInput(where, "element type", "a float type, int64, int32, int8, uint8 or bool",
                           "type " + std::to_string(stored.data_type()));
    }
    return tensor;
}

Attribute attribute_from(const pb::AttributeProto& stored, ExternalData& external, const std::string& where) {
    switch (stored.type()) {
        case pb::AttributeProto::INT:
            return stored.i();
        case pb::AttributeProto::FLOAT:
            return stored.f();
        case pb::AttributeProto::STRING:
            return stored.s();
        case pb::AttributeProto::INTS:
            return std::vector<std::int64_t>(stored.ints().begin(), stored.ints().end());
        case pb::AttributeProto::FLOATS:
            return std::vector<float>(stored.floats().begin(), stored.floats().end());
        case pb::AttributeProto::TENSOR:
            return tensor_from(stored.t(), external, where);
        default:
            throw BadInput(where, "attribute " + stored.name(),
                           "a number, a string, a list of numbers or a tensor", "another kind");
    }
}

Port port_from(const pb::ValueInfoProto& stored) {
    Port port{stored.name(), {}};
    for (const auto& dim : stored.type().tensor_type().shape().dim())
        port.shape.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
    return port;
}

int opset_of(const pb::ModelProto& model, const std::string& where) {
    for (const auto& set : model.opset_import())
        if (set.domain().empty() || set.domain() == "ai.onnx") {
            if (set.version() < kOldestOpset || set.version() > kNewestOpset)
                throw BadInput(where, "opset",
                               std::to_string(kOldestOpset) + " to " + std::to_string(kNewestOpset) +
                                   "; export the network again with one of these",
                               std::to_string(set.version()));
            return static_cast<int>(set.version());
        }
    throw BadInput(where + ": is no ONNX file, or names no opset");
}

File file_from(const pb::ModelProto& model, const std::filesystem::path& path) {
    const std::string where = path.string();
    File file;
    file.opset = opset_of(model, where);
    ExternalData external(path.parent_path());
    for (const auto& tensor : model.graph().initializer())
        file.constants.emplace(tensor.name(),
                               tensor_from(tensor, external, where + ": tensor '" + tensor.name() + "'"));
    for (const auto& port : model.graph().input())
        if (!file.constants.contains(port.name())) file.inputs.push_back(port_from(port));
    for (const auto& port : model.graph().output()) file.outputs.push_back(port_from(port));
    for (const auto& node : model.graph().node()) {
        const std::string at = where + ": node '" + node.name() + "' (" + node.op_type() + ")";
        if (!node.domain().empty() && node.domain() != "ai.onnx")
            throw BadInput(at, "operator", "one of ONNX itself", "one of '" + node.domain() + "'");
        Operation operation{node.op_type(), node.name(), {}, {}, {}};
        operation.inputs.assign(node.input().begin(), node.input().end());
        operation.outputs.assign(node.output().begin(), node.output().end());
        for (const auto& attribute : node.attribute())
            operation.attributes.emplace(attribute.name(), attribute_from(attribute, external, at));
        file.operations.push_back(std::move(operation));
    }
    for (const auto& entry : model.metadata_props()) file.metadata.emplace(entry.key(), entry.value());
    return file;
}

pb::TensorProto::DataType type_of(Element element) {
    switch (element) {
        case Element::f32:
            return pb::TensorProto::FLOAT;
        case Element::i64:
            return pb::TensorProto::INT64;
        case Element::i32:
            return pb::TensorProto::INT32;
        case Element::i8:
            return pb::TensorProto::INT8;
        case Element::u8:
            return pb::TensorProto::UINT8;
        case Element::boolean:
            return pb::TensorProto::BOOL;
    }
    throw Error("onnx: no such element");
}

template <class Stored>
std::string packed(const std::vector<std::int64_t>& values) {
    std::string bytes(values.size() * sizeof(Stored), '\0');
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto stored = static_cast<Stored>(values[i]);
        std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
    }
    return bytes;
}

void store(const Tensor& tensor, pb::TensorProto& to) {
    for (const std::int64_t d : tensor.shape) to.add_dims(d);
    to.set_data_type(type_of(tensor.element));
    switch (tensor.element) {
        case Element::f32: {
            const auto& values = tensor.floats();
            to.set_raw_data(values.data(), values.size() * sizeof(float));
            break;
        }
        case Element::i64:
            to.set_raw_data(packed<std::int64_t>(tensor.ints()));
            break;
        case Element::i32:
            to.set_raw_data(packed<std::int32_t>(tensor.ints()));
            break;
        default:
            to.set_raw_data(packed<std::uint8_t>(tensor.ints()));
    }
}

void store(const std::string& name, const Attribute& attribute, pb::AttributeProto& to) {
    to.set_name(name);
    if (const auto* i = std::get_if<std::int64_t>(&attribute)) {
        to.set_type(pb::AttributeProto::INT);
        to.set_i(*i);
    } else if (const auto* f = std::get_if<float>(&attribute)) {
        to.set_type(pb::AttributeProto::FLOAT);
        to.set_f(*f);
    } else if (const auto* s = std::get_if<std::string>(&attribute)) {
        to.set_type(pb::AttributeProto::STRING);
        to.set_s(*s);
    } else if (const auto* list = std::get_if<std::vector<std::int64_t>>(&attribute)) {
        to.set_type(pb::AttributeProto::INTS);
        for (const std::int64_t value : *list) to.add_ints(value);
    } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute)) {
        to.set_type(pb::AttributeProto::FLOATS);
        for (const float value : *reals) to.add_floats(value);
    } else {
        to.set_type(pb::AttributeProto::TENSOR);
        store(std::get<Tensor>(attribute), *to.mutable_t());
    }
}

void store(const Port& port, pb::ValueInfoProto& to) {
    to.set_name(port.name);
    auto& type = *to.mutable_type()->mutable_tensor_type();
    type.set_elem_type(pb::TensorProto::FLOAT);
    for (const std::int64_t d : port.shape) {
        auto& dim = *type.mutable_shape()->add_dim();
        if (d >= 0)
            dim.set_dim_value(d);
        else
            dim.set_dim_param("batch");
    }
}

}  // namespace

std::size_t Tensor::size() const {
    return std::visit([](const auto& list) { return list.size(); }, values);
}

const std::vector<float>& Tensor::floats() const {
    if (!is_float()) throw BadInput("onnx: a tensor of integers where one of reals is expected");
    return std::get<0>(values);
}

const std::vector<std::int64_t>& Tensor::ints() const {
    if (is_float()) throw BadInput("onnx: a tensor of reals where one of integers is expected");
    return std::get<1>(values);
}

File read_file(const std::filesystem::path& path) {
    const std::string bytes = nibble::read_file(path, kLargestMessage);
    pb::ModelProto model;
    if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        throw BadInput(path.string() + ": is no ONNX file, or is damaged");
    return file_from(model, path);
}

void write_file(const std::filesystem::path& path, const File& file) {
    constexpr int kIrVersion = 8;
    pb::ModelProto model;
    model.set_ir_version(kIrVersion);
    model.set_producer_name("nibble");
    model.add_opset_import()->set_version(file.opset);
    auto& graph = *model.mutable_graph();
    graph.set_name("network");
    for (const Port& port : file.inputs) store(port, *graph.add_input());
    for (const Port& port : file.outputs) store(port, *graph.add_output());
    for (const Operation& operation : file.operations) {
        auto& node = *graph.add_node();
        node.set_op_type(operation.type);
        node.set_name(operation.name);
        for (const std::string& name : operation.inputs) node.add_input(name);
        for (const std::string& name : operation.outputs) node.add_output(name);
        for (const auto& [name, attribute] : operation.attributes)
            store(name, attribute, *node.add_attribute());
    }
    for (const auto& [name, tensor] : file.constants) {
        auto& stored = *graph.add_initializer();
        stored.set_name(name);
        store(tensor, stored);
    }
    for (const auto& [key, value] : file.metadata) {
        auto& entry = *model.add_metadata_props();
        entry.set_key(key);
        entry.set_value(value);
    }
    if (model.ByteSizeLong() > kLargestMessage)
        throw Unsupported(path.string() +
                          ": the network is larger than the 2 GiB that an ONNX file can hold");
    nibble::write_file(path, model.SerializeAsString());
}

}  // namespace nibble::onnx
