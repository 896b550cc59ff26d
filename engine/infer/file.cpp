#include "engine/infer/file.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <span>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/nn/ops/op.hpp"
#include "engine/quant/packing.hpp"

namespace nibble {
namespace {

constexpr const char* kFormat = "nibble-integer-network";
// Version 1 has residual networks: ReLU, one group, poolings, shortcuts. What it can say is written in it.
constexpr const char* kVersions[] = {"1", "2"};
constexpr std::size_t kMaxCodes = std::size_t{1} << 30;
constexpr JsonLimits kGraphLimits{4, 1'000'000};  // four deep: graph, values, value, quantizer

const char* const kRoundings[] = {"nearest_even", "half_up", "floor"};

template <std::size_t N>
int index_of(const std::string& text, const char* const (&names)[N], const std::string& what) {
    for (std::size_t i = 0; i < N; ++i)
        if (text == names[i]) return static_cast<int>(i);
    throw BadInput("integer network: unknown " + what + " '" + text + "'");
}

std::string prefix_of(std::size_t step) {
    std::string digits = std::to_string(step);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits + ".";
}

/// In front of the tensors of an extra term: "004.term2.", the codes without a prefix being the first term.
std::string prefix_of(const std::string& step, std::size_t extra) {
    return step + "term" + std::to_string(extra + 2) + ".";
}

/// Of the tensor with the multipliers of a value quantized by channel.
std::string multipliers_name(std::size_t value) {
    return "value" + prefix_of(value) + "multipliers";
}

// ---- writing ----

template <class T>
StoredTensor stored(const char* dtype, const std::vector<T>& values) {
    StoredTensor tensor{dtype, {values.size()}, {}};
    const auto bytes = std::as_bytes(std::span(values));
    tensor.bytes.assign(bytes.begin(), bytes.end());
    return tensor;
}

Json to_json(const IntegerValue& value) {
    Json json{{"dims", {value.dims.h, value.dims.w, value.dims.c}}};
    if (!value.quantizer) return json;
    const Quantizer& q = *value.quantizer;
    Json& quantizer = json["quantizer"] = {{"scheme", to_string(q.scheme)},
                                           {"rounding", kRoundings[static_cast<int>(q.rounding)]}};
    if (!q.by_channel()) {
        quantizer["multiplier"] = q.multiplier;
        quantizer["step"] = q.step;
    }
    return json;
}

/// Kernel, stride and padding; where sides differ or taps are apart, all of Window::numbers().
std::vector<int> window_numbers(const Window& w) {
    const Window alike(w.rows.kernel, w.cols.kernel, w.rows.stride, w.rows.before);
    return w == alike ? std::vector{w.rows.kernel, w.cols.kernel, w.rows.stride, w.rows.before} : w.numbers();
}

/// Version 1 knows no other.
bool is_plain(const Clamp& clamp) {
    return clamp == kRelu || clamp == Clamp{};
}

/// JSON has no infinity: null.
Json bound(float x) {
    return std::isfinite(x) ? Json(x) : Json();
}

bool has_window(const IntegerStep& step) {
    return step.kind == IntegerStep::Kind::product || step.kind == IntegerStep::Kind::mean ||
           step.node.op == Op::max_pool || step.node.op == Op::pad;
}

bool is_version_1(const IntegerStep& step) {
    const Node& node = step.node;
    const bool known =
        step.kind == IntegerStep::Kind::quantize || step.kind == IntegerStep::Kind::product ||
        step.kind == IntegerStep::Kind::mean ||
        (step.kind == IntegerStep::Kind::pass && (node.op == Op::max_pool || node.op == Op::shortcut_a));
    return known && step.inputs.size() == 1 && node.groups == 1 && node.count_padding &&
           is_plain(node.clamp) && window_numbers(node.window).size() == 4;
}

/// What the node's operation has besides shapes.
void add_attributes(const Node& node, Json& json) {
    if (node.groups != 1) json["groups"] = node.groups;
    if (!node.count_padding) json["count_padding"] = false;
    if (node.op == Op::shortcut_a) json["stride"] = node.stride;
    if (node.op == Op::slice) json["first"] = node.first;
    if (node.op == Op::leaky_relu) json["slope"] = node.slope;
    if (node.op == Op::local_norm)
        json["local_norm"] = {node.local.size, node.local.alpha, node.local.beta, node.local.k};
}

Json to_json(const IntegerStep& step) {
    Json json{{"op", operation_name(step)}, {"name", step.node.name}, {"outputs", step.outputs}};
    if (step.inputs.size() == 1)
        json["input"] = step.inputs[0];
    else
        json["inputs"] = step.inputs;
    if (has_window(step)) json["window"] = window_numbers(step.node.window);
    add_attributes(step.node, json);
    if (step.residual >= 0) json["residual"] = step.residual;
    const bool product = step.kind == IntegerStep::Kind::product;
    if (!product && step.kind != IntegerStep::Kind::rescale) return json;
    if (is_plain(step.node.clamp))
        json["relu"] = step.node.clamp == kRelu;
    else
        json["clamp"] = {bound(step.node.clamp.low), bound(step.node.clamp.high)};
    if (product) {
        json["scheme"] = to_string(step.weights.scheme);
        json["shape"] = step.weights.shape;
    } else {
        json["scales"] = !step.scale.empty();
    }
    return json;
}

// ---- reading ----

std::vector<int> integers(Fields& fields, const std::string& key, std::size_t expected) {
    const auto values = fields.require<std::vector<int>>(key);
    if (values.size() != expected)
        throw BadInput("integer network", key, std::to_string(expected) + " numbers",
                       std::to_string(values.size()));
    return values;
}

Window window_from(const std::vector<int>& n) {
    if (n.size() == 4) return {n[0], n[1], n[2], n[3]};
    if (n.size() == 10) return {{n[0], n[2], n[4], n[5], n[8]}, {n[1], n[3], n[6], n[7], n[9]}};
    if (n.size() == 8) return {{n[0], n[2], n[4], n[5]}, {n[1], n[3], n[6], n[7]}};  // before dilations
    throw BadInput("integer network", "window", "4, 8 or 10 numbers", std::to_string(n.size()));
}

Clamp clamp_from(Fields& fields) {
    const Json bounds = fields.get("clamp", Json());
    if (bounds.is_null()) return fields.require<bool>("relu") ? kRelu : Clamp{};
    Clamp clamp;
    if (!bounds.is_array() || bounds.size() != 2 ||
        !std::ranges::all_of(bounds, [](const Json& bound) { return bound.is_null() || bound.is_number(); }))
        throw BadInput("integer network", "clamp", "two numbers or nulls", bounds.dump());
    if (!bounds[0].is_null()) clamp.low = bounds[0].get<float>();
    if (!bounds[1].is_null()) clamp.high = bounds[1].get<float>();
    return clamp;
}

class Reader {
  public:
    explicit Reader(const Safetensors& file) : file_(file) {
        for (const auto& [name, tensor] : file.tensors) unused_.insert(name);
    }

    IntegerValue value_from(const Json& json, std::size_t index) {
        Fields fields(json, "integer network: value");
        const std::vector<int> dims = integers(fields, "dims", 3);
        IntegerValue value{{dims[0], dims[1], dims[2]}, {}};
        const Json quantizer = fields.get("quantizer", Json());
        fields.finish();
        if (!quantizer.is_null()) value.quantizer = quantizer_from(quantizer, index);
        return value;
    }

    IntegerStep step_from(const Json& json, std::size_t index) {
        Fields fields(json, "integer network: step " + std::to_string(index));
        IntegerStep step;
        set_operation(fields.require<std::string>("op"), step);
        Node& node = step.node;
        node.name = fields.require<std::string>("name");
        step.outputs = fields.require<std::vector<int>>("outputs");
        step.inputs = fields.get("inputs", std::vector<int>());
        if (step.inputs.empty()) step.inputs = {fields.require<int>("input")};
        if (has_window(step)) node.window = window_from(fields.require<std::vector<int>>("window"));
        read_attributes(fields, node);
        const bool product = step.kind == IntegerStep::Kind::product;
        if (product || step.kind == IntegerStep::Kind::rescale) {
            node.clamp = clamp_from(fields);
            step.residual = fields.get("residual", -1);
        }
        if (product) {
            step.weights.scheme = scheme_from(fields.require<std::string>("scheme"));
            const auto shape = fields.require<std::vector<int>>("shape");
            step.weights.shape.assign(shape.begin(), shape.end());
            read_weights(prefix_of(index), step);
        } else if (step.kind == IntegerStep::Kind::rescale && fields.require<bool>("scales")) {
            step.scale = tensor<float>(prefix_of(index) + "scale", "F32");
            step.shift = tensor<float>(prefix_of(index) + "shift", "F32");
        }
        fields.finish();
        return step;
    }

    void finish() const {
        if (!unused_.empty())
            throw BadInput("integer network: tensor '" + *unused_.begin() + "' belongs to no step");
    }

  private:
    static void set_operation(const std::string& name, IntegerStep& step) {
        for (const auto kind : {IntegerStep::Kind::quantize, IntegerStep::Kind::product,
                                IntegerStep::Kind::mean, IntegerStep::Kind::rescale}) {
            step.kind = kind;
            if (name == operation_name(step)) {
                if (kind == IntegerStep::Kind::mean) step.node.op = Op::avg_pool;
                return;
            }
        }
        for (int op = 0; op < kOperations; ++op) {
            step.node.op = static_cast<Op>(op);
            const Operation& known = operation(step.node.op);
            if (name != known.name) continue;
            step.kind =
                known.on_codes == OnCodes::passes ? IntegerStep::Kind::pass : IntegerStep::Kind::apply;
            if (known.on_codes == OnCodes::passes || known.on_codes == OnCodes::reals) return;
        }
        throw BadInput("integer network: unknown operation '" + name + "'");
    }

    static void read_attributes(Fields& fields, Node& node) {
        node.groups = fields.get("groups", 1);
        node.count_padding = fields.get("count_padding", true);
        if (node.op == Op::shortcut_a) node.stride = fields.require<int>("stride");
        if (node.op == Op::slice) node.first = fields.require<int>("first");
        if (node.op == Op::leaky_relu) node.slope = fields.require<float>("slope");
        if (node.op != Op::local_norm) return;
        const auto numbers = fields.require<std::vector<float>>("local_norm");
        if (numbers.size() != 4)
            throw BadInput("integer network", "local_norm", "4 numbers", std::to_string(numbers.size()));
        if (!(numbers[0] >= 1 && numbers[0] <= 256))
            throw BadInput("integer network", "size of local_norm", "1 to 256", std::to_string(numbers[0]));
        node.local = {static_cast<int>(numbers[0]), numbers[1], numbers[2], numbers[3]};
    }

    Quantizer quantizer_from(const Json& json, std::size_t value) {
        Fields fields(json, "integer network: quantizer");
        Quantizer q;
        q.scheme = scheme_from(fields.require<std::string>("scheme"));
        q.rounding =
            static_cast<Rounding>(index_of(fields.require<std::string>("rounding"), kRoundings, "rounding"));
        if (q.by_channel()) {
            q.multipliers = tensor<float>(multipliers_name(value), "F32");
        } else {
            q.multiplier = fields.require<float>("multiplier");
            q.step = fields.require<float>("step");
        }
        fields.finish();
        return q;
    }

    void read_weights(const std::string& prefix, IntegerStep& step) {
        QuantizedWeights& w = step.weights;
        if (w.shape.size() != 2 && w.shape.size() != 4)
            throw BadInput("integer network", "dimensions of weights", "2 or 4",
                           std::to_string(w.shape.size()));
        std::size_t codes = 1;
        for (std::size_t d : w.shape) {
            if (d == 0 || d > kMaxCodes / codes)
                throw BadInput("integer network", "shape of weights", "1 to 2^30 codes", to_string(w.shape));
            codes *= d;
        }
        w.codes = unpack_codes(w.scheme, tensor<std::uint8_t>(prefix + "codes", "U8"), codes);
        w.steps = tensor<float>(prefix + "steps", "F32");
        if (w.scheme.kind == Kind::sum) read_extra(prefix, step, codes / w.shape[0]);
        if (w.scheme.granularity == Granularity::group)
            w.multipliers = tensor<std::uint8_t>(prefix + "multipliers", "U8");
        step.scale = tensor<float>(prefix + "scale", "F32");
        step.shift = tensor<float>(prefix + "shift", "F32");
    }

    void read_extra(const std::string& prefix, IntegerStep& step, std::size_t kernel_size) {
        QuantizedWeights& w = step.weights;
        for (int i = 0; i + 1 < w.scheme.terms; ++i) {
            const std::string term_prefix = prefix_of(prefix, static_cast<std::size_t>(i));
            ExtraTerm& term = w.extra.emplace_back();
            term.outputs = tensor<std::uint32_t>(term_prefix + "outputs", "U32");
            if (term.outputs.size() > w.outputs())
                throw BadInput("integer network: " + term_prefix + "outputs", "channels",
                               "at most " + std::to_string(w.outputs()), std::to_string(term.outputs.size()));
            term.codes = unpack_codes(w.scheme, tensor<std::uint8_t>(term_prefix + "codes", "U8"),
                                      term.outputs.size() * kernel_size);
            term.steps = tensor<float>(term_prefix + "steps", "F32");
            step.extra_scale.push_back(tensor<float>(term_prefix + "scale", "F32"));
        }
    }

    template <class T>
    std::vector<T> tensor(const std::string& name, const char* dtype) {
        const auto found = file_.tensors.find(name);
        if (found == file_.tensors.end()) throw BadInput("integer network: tensor '" + name + "' is missing");
        const StoredTensor& stored = found->second;
        if (stored.dtype != dtype) throw BadInput("integer network: " + name, "type", dtype, stored.dtype);
        unused_.erase(name);
        std::vector<T> values(stored.bytes.size() / sizeof(T));
        if (!values.empty()) std::memcpy(values.data(), stored.bytes.data(), values.size() * sizeof(T));
        return values;
    }

    const Safetensors& file_;
    std::set<std::string> unused_;
};

std::string metadata(const Safetensors& file, const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? "" : found->second;
}

}  // namespace

Safetensors to_safetensors(const IntegerGraph& graph, std::map<std::string, std::string> metadata) {
    graph.check();
    Safetensors file;
    Json values = Json::array(), steps = Json::array();
    for (std::size_t v = 0; v < graph.values.size(); ++v) {
        const IntegerValue& value = graph.values[v];
        values.push_back(to_json(value));
        if (value.quantizer && value.quantizer->by_channel())
            file.tensors.emplace(multipliers_name(v), stored("F32", value.quantizer->multipliers));
    }
    for (std::size_t i = 0; i < graph.steps.size(); ++i) {
        const IntegerStep& step = graph.steps[i];
        steps.push_back(to_json(step));
        const std::string prefix = prefix_of(i);
        if (!step.scale.empty()) {
            file.tensors.emplace(prefix + "scale", stored("F32", step.scale));
            file.tensors.emplace(prefix + "shift", stored("F32", step.shift));
        }
        if (step.kind != IntegerStep::Kind::product) continue;
        file.tensors.emplace(prefix + "codes",
                             stored("U8", pack_codes(step.weights.scheme, step.weights.codes)));
        file.tensors.emplace(prefix + "steps", stored("F32", step.weights.steps));
        if (!step.weights.multipliers.empty())
            file.tensors.emplace(prefix + "multipliers", stored("U8", step.weights.multipliers));
        for (std::size_t e = 0; e < step.weights.extra.size(); ++e) {
            const ExtraTerm& term = step.weights.extra[e];
            const std::string term_prefix = prefix_of(prefix, e);
            file.tensors.emplace(term_prefix + "outputs", stored("U32", term.outputs));
            file.tensors.emplace(term_prefix + "codes",
                                 stored("U8", pack_codes(step.weights.scheme, term.codes)));
            file.tensors.emplace(term_prefix + "steps", stored("F32", term.steps));
            file.tensors.emplace(term_prefix + "scale", stored("F32", step.extra_scale[e]));
        }
    }
    file.metadata = std::move(metadata);
    file.metadata["format"] = kFormat;
    file.metadata["version"] = kVersions[std::ranges::all_of(graph.steps, is_version_1) ? 0 : 1];
    file.metadata["graph"] = Json{{"values", values}, {"steps", steps}}.dump();
    return file;
}

bool is_integer_network(const Safetensors& file) {
    return metadata(file, "format") == kFormat;
}

IntegerGraph integer_graph_from(const Safetensors& file) {
    if (!is_integer_network(file))
        throw BadInput("integer network", "format", kFormat, "'" + metadata(file, "format") + "'");
    if (std::ranges::find(kVersions, metadata(file, "version")) == std::end(kVersions))
        throw BadInput("integer network", "version", "1 or 2", "'" + metadata(file, "version") + "'");
    const Json json = parse_json(metadata(file, "graph"), "integer network: the graph", kGraphLimits);
    Fields fields(json, "integer network");
    const auto values = fields.require<Json::array_t>("values"),
               steps = fields.require<Json::array_t>("steps");
    fields.finish();
    IntegerGraph graph;
    Reader reader(file);
    for (std::size_t v = 0; v < values.size(); ++v) graph.values.push_back(reader.value_from(values[v], v));
    for (std::size_t i = 0; i < steps.size(); ++i) graph.steps.push_back(reader.step_from(steps[i], i));
    reader.finish();
    graph.check();
    return graph;
}

}  // namespace nibble
