#include "engine/infer/file.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/infer/stored_codes.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {
namespace {

constexpr const char* kFormat = "nibble-integer-network";
// Version 1 has residual networks: ReLU, one group, poolings, shortcuts. What it can say is written in it.
constexpr const char* kVersions[] = {"1", "2"};
constexpr JsonLimits kGraphLimits{4, 1'000'000};  // four deep: graph, values, value, quantizer

std::string prefix_of(std::size_t step) {
    std::string digits = std::to_string(step);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits + ".";
}

/// Of the tensor with the multipliers of a value quantized by channel.
std::string multipliers_name(std::size_t value) {
    return "value" + prefix_of(value) + "multipliers";
}

// ---- writing ----

Json to_json(const IntegerValue& value) {
    Json json{{"dims", {value.dims.h, value.dims.w, value.dims.c}}};
    if (value.quantizer) json["quantizer"] = to_json(*value.quantizer);
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
    return step.kind == IntegerStep::Kind::gemm || step.kind == IntegerStep::Kind::mean ||
           step.node.op == Op::max_pool || step.node.op == Op::pad;
}

bool is_version_1(const IntegerStep& step) {
    const Node& node = step.node;
    const bool known =
        step.kind == IntegerStep::Kind::quantize || step.kind == IntegerStep::Kind::gemm ||
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
    const bool gemm = step.kind == IntegerStep::Kind::gemm;
    if (!gemm && step.kind != IntegerStep::Kind::rescale) return json;
    if (is_plain(step.node.clamp))
        json["relu"] = step.node.clamp == kRelu;
    else
        json["clamp"] = {bound(step.node.clamp.low), bound(step.node.clamp.high)};
    if (gemm) {
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
    explicit Reader(const Safetensors& file) : tensors_(file, "integer network") {}

    IntegerValue value_from(const Json& json, std::size_t index) {
        Fields fields(json, "integer network: value");
        const std::vector<int> dims = integers(fields, "dims", 3);
        IntegerValue value{{dims[0], dims[1], dims[2]}, {}};
        const Json quantizer = fields.get("quantizer", Json());
        fields.finish();
        if (!quantizer.is_null())
            value.quantizer = quantizer_from(quantizer, tensors_, multipliers_name(index));
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
        const bool gemm = step.kind == IntegerStep::Kind::gemm;
        if (gemm || step.kind == IntegerStep::Kind::rescale) {
            node.clamp = clamp_from(fields);
            step.residual = fields.get("residual", -1);
        }
        if (gemm) {
            step.weights.scheme = scheme_from(fields.require<std::string>("scheme"));
            const auto shape = fields.require<std::vector<int>>("shape");
            step.weights.shape.assign(shape.begin(), shape.end());
            read_weights(prefix_of(index), step);
        } else if (step.kind == IntegerStep::Kind::rescale && fields.require<bool>("scales")) {
            step.scale = tensors_.take<float>(prefix_of(index) + "scale", "F32");
            step.shift = tensors_.take<float>(prefix_of(index) + "shift", "F32");
        }
        fields.finish();
        return step;
    }

    void finish() const { tensors_.finish(); }

  private:
    static void set_operation(const std::string& name, IntegerStep& step) {
        for (const auto kind : {IntegerStep::Kind::quantize, IntegerStep::Kind::gemm, IntegerStep::Kind::mean,
                                IntegerStep::Kind::rescale}) {
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

    void read_weights(const std::string& prefix, IntegerStep& step) {
        take(tensors_, prefix, step.weights);
        for (std::size_t e = 0; e < step.weights.extra.size(); ++e)
            step.extra_scale.push_back(tensors_.take<float>(term_prefix(prefix, e) + "scale", "F32"));
        step.scale = tensors_.take<float>(prefix + "scale", "F32");
        step.shift = tensors_.take<float>(prefix + "shift", "F32");
    }

    StoredTensors tensors_;
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
        if (step.kind != IntegerStep::Kind::gemm) continue;
        store(step.weights, prefix, file);
        for (std::size_t e = 0; e < step.extra_scale.size(); ++e)
            file.tensors.emplace(term_prefix(prefix, e) + "scale", stored("F32", step.extra_scale[e]));
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
