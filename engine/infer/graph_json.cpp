#include "engine/infer/graph_json.hpp"

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {

namespace {

/// JSON has no infinity: null.
Json finite_or_null(float x) {
    return std::isfinite(x) ? Json(x) : Json();
}

float bound_from(const Json& json, float none) {
    if (json.is_null()) return none;
    if (!json.is_number()) throw BadInput("graph", "clamp", "two numbers or nulls", json.dump());
    return json.get<float>();
}

Json to_json(const Node& node) {
    const Node usual{.op = node.op, .name = {}, .inputs = {}};
    Json json{{"op", operation(node.op).name}};
    const auto add = [&](const char* key, const auto& value, const auto& otherwise) {
        if (value != otherwise) json[key] = value;
    };
    if (node.op == Op::input || node.op == Op::adaptive_pool)
        json["dims"] = {node.out.h, node.out.w, node.out.c};
    add("name", node.name, usual.name);
    add("inputs", node.inputs, usual.inputs);
    add("window", node.window.numbers(), usual.window.numbers());
    add("groups", node.groups, usual.groups);
    add("channels", node.channels, usual.channels);
    add("first", node.first, usual.first);
    add("stride", node.stride, usual.stride);
    add("bias", node.bias, usual.bias);
    add("eps", node.eps, usual.eps);
    if (node.clamp.bounds())
        json["clamp"] = {finite_or_null(node.clamp.low), finite_or_null(node.clamp.high)};
    add("count_padding", node.count_padding, usual.count_padding);
    add("slope", node.slope, usual.slope);
    add("rate", node.rate, usual.rate);
    if (node.op == Op::local_norm)
        json["local_norm"] = {node.local.size, node.local.alpha, node.local.beta, node.local.k};
    return json;
}

Op op_from(const std::string& name) {
    for (int op = 0; op < kOperations; ++op)
        if (name == operation(static_cast<Op>(op)).name) return static_cast<Op>(op);
    throw BadInput("graph: unknown operation '" + name + "'");
}

template <class T>
std::vector<T> list(Fields& fields, const char* key, std::size_t size) {
    const auto values = fields.require<std::vector<T>>(key);
    if (values.size() != size)
        throw BadInput("graph", key, std::to_string(size) + " numbers", std::to_string(values.size()));
    return values;
}

Node node_from(const Json& json, int index) {
    Fields fields(json, "graph: node " + std::to_string(index));
    Node node{.op = op_from(fields.require<std::string>("op")), .name = {}, .inputs = {}};
    if (node.op == Op::input || node.op == Op::adaptive_pool) {
        const auto dims = list<int>(fields, "dims", 3);
        node.out = {dims[0], dims[1], dims[2]};
    }
    node.name = fields.get("name", node.name);
    node.inputs = fields.get("inputs", node.inputs);
    if (json.contains("window")) {
        const auto n = list<int>(fields, "window", 10);
        node.window = {{n[0], n[2], n[4], n[5], n[8]}, {n[1], n[3], n[6], n[7], n[9]}};
    }
    node.groups = fields.get("groups", node.groups);
    node.channels = fields.get("channels", node.channels);
    node.first = fields.get("first", node.first);
    node.stride = fields.get("stride", node.stride);
    node.bias = fields.get("bias", node.bias);
    node.eps = fields.get("eps", node.eps);
    if (const Json clamp = fields.get("clamp", Json()); !clamp.is_null()) {
        if (!clamp.is_array() || clamp.size() != 2)
            throw BadInput("graph", "clamp", "two numbers or nulls", clamp.dump());
        node.clamp = {bound_from(clamp[0], node.clamp.low), bound_from(clamp[1], node.clamp.high)};
    }
    node.count_padding = fields.get("count_padding", node.count_padding);
    node.slope = fields.get("slope", node.slope);
    node.rate = fields.get("rate", node.rate);
    if (node.op == Op::local_norm) {
        const auto n = list<float>(fields, "local_norm", 4);
        if (!(n[0] >= 1 && n[0] <= 256))
            throw BadInput("graph", "size of local_norm", "1 to 256", std::to_string(n[0]));
        node.local = {static_cast<int>(n[0]), n[1], n[2], n[3]};
    }
    fields.finish();
    return node;
}

}  // namespace

Json to_json(const Graph& graph) {
    Json nodes = Json::array();
    for (const Node& node : graph.nodes()) nodes.push_back(to_json(node));
    return nodes;
}

Graph graph_from(const Json& nodes) {
    if (!nodes.is_array() || nodes.empty()) throw BadInput("graph", "nodes", "a list", nodes.type_name());
    Graph graph;
    for (const Json& node : nodes) graph.append(node_from(node, graph.size()));
    return graph;
}

}  // namespace nibble
