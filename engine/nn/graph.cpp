#include "engine/nn/graph.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"
#include "engine/nn/ops/op.hpp"

namespace nibble {

namespace {

// Kernels index one image's activation with 32 bits; this also keeps h * w * c from overflowing anywhere.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 30;

Shape shape_of(const Array<float>& values) {
    return Shape(values.shape().begin(), values.shape().end());
}

void check_values(const std::string& name, const Array<float>& values) {
    // A negative variance is what a corrupt file most likely brings that is still finite.
    const bool is_variance = name.ends_with(".running_var");
    for (std::size_t i = 0; i < values.size(); ++i) {
        const float value = values.data()[i];
        if (!std::isfinite(value) || (is_variance && value < 0))
            throw BadInput("parameter " + name, "element " + std::to_string(i),
                           is_variance ? "a finite value of at least 0" : "a finite value",
                           std::to_string(value));
    }
}

/// "conv conv1 of 0: 32x32x16 window 3 3 1 1 1 1 1 1 1 1 channels 16": everything that distinguishes a node. What an
/// operation leaves at its default is not there, so that a new attribute leaves digests as they are.
std::string text_of(const Node& node) {
    const Node usual{.op = node.op, .name = {}, .inputs = {}};
    std::string text = std::string(operation(node.op).name) + " " + node.name + " of";
    for (int x : node.inputs) text += " " + std::to_string(x);
    text += ": " + to_string(node.out);
    const auto add = [&](const char* name, auto value, auto otherwise) {
        if (value == otherwise) return;
        char number[32];
        const auto end = std::to_chars(number, number + sizeof number, value).ptr;
        text += std::string(" ") + name + " " + std::string(number, end);
    };
    if (node.window != usual.window) {
        text += " window";
        for (int n : node.window.numbers()) text += " " + std::to_string(n);
    }
    add("groups", node.groups, usual.groups);
    add("channels", node.channels, usual.channels);
    add("first", node.first, usual.first);
    add("stride", node.stride, usual.stride);
    add("bias", static_cast<int>(node.bias), 0);
    add("eps", node.eps, usual.eps);
    add("low", node.clamp.low, usual.clamp.low);
    add("high", node.clamp.high, usual.clamp.high);
    add("count_padding", static_cast<int>(node.count_padding), 1);
    add("slope", node.slope, usual.slope);
    add("rate", node.rate, usual.rate);
    add("size", node.local.size, usual.local.size);
    add("alpha", node.local.alpha, usual.local.alpha);
    add("beta", node.local.beta, usual.local.beta);
    add("k", node.local.k, usual.local.k);
    return text;
}

}  // namespace

int Graph::append(Node node) {
    const Operation& op = operation(node.op);
    if ((node.op == Op::input) != nodes_.empty())
        throw BadInput("network: input must be the first node and the only one of its kind");
    std::vector<Dims> in;
    for (int x : node.inputs) {
        if (x < 0 || x >= size())
            throw BadInput("network", "input of a layer",
                           "an earlier node (0 to " + std::to_string(size() - 1) + ")", std::to_string(x));
        in.push_back((*this)[x].out);
    }
    if (op.operands == kAnyNumber ? in.empty() : static_cast<int>(in.size()) != op.operands)
        throw BadInput(node_name(node), "operands",
                       op.operands == kAnyNumber ? "at least 1" : std::to_string(op.operands),
                       std::to_string(in.size()));
    node.out = op.output(node, in);
    if (node.out.h < 1 || node.out.w < 1 || node.out.c < 1 ||
        static_cast<double>(node.out.h) * node.out.w * node.out.c > static_cast<double>(kMaxElements))
        throw BadInput("network", "activation shape", "1 to 2^30 elements", to_string(node.out));
    if (op.parameters) {
        if (node.name.empty()) throw BadInput("network: a layer with parameters needs a name");
        for (const Node& other : nodes_)
            if (other.name == node.name) throw BadInput("network: two layers are named '" + node.name + "'");
    }
    nodes_.push_back(std::move(node));
    return size() - 1;
}

int Graph::input(Dims dims) {
    return append({.op = Op::input, .name = {}, .inputs = {}, .out = dims});
}
int Graph::conv(int x, std::string name, int channels, Window window, bool bias, int groups) {
    return append({.op = Op::conv,
                   .name = std::move(name),
                   .inputs = {x},
                   .window = window,
                   .groups = groups,
                   .channels = channels,
                   .bias = bias});
}
int Graph::linear(int x, std::string name, int channels, bool bias) {
    return append(
        {.op = Op::linear, .name = std::move(name), .inputs = {x}, .channels = channels, .bias = bias});
}
int Graph::batch_norm(int x, std::string name, float eps) {
    return append({.op = Op::batch_norm, .name = std::move(name), .inputs = {x}, .eps = eps});
}
int Graph::clamp(int x, Clamp bounds) {
    return append({.op = Op::clamp, .name = {}, .inputs = {x}, .clamp = bounds});
}
int Graph::add(int x, int y) {
    return append({.op = Op::add, .name = {}, .inputs = {x, y}});
}
int Graph::shortcut_a(int x, int channels, int stride) {
    return append({.op = Op::shortcut_a, .name = {}, .inputs = {x}, .channels = channels, .stride = stride});
}
int Graph::max_pool(int x, Window window) {
    return append({.op = Op::max_pool, .name = {}, .inputs = {x}, .window = window});
}
int Graph::avg_pool(int x, Window window, bool count_padding) {
    return append(
        {.op = Op::avg_pool, .name = {}, .inputs = {x}, .window = window, .count_padding = count_padding});
}
int Graph::global_pool(int x) {
    return append({.op = Op::global_pool, .name = {}, .inputs = {x}});
}
int Graph::adaptive_pool(int x, int h, int w) {
    return append({.op = Op::adaptive_pool, .name = {}, .inputs = {x}, .out = {h, w, 1}});
}
int Graph::multiply(int x, int y) {
    return append({.op = Op::multiply, .name = {}, .inputs = {x, y}});
}
int Graph::leaky_relu(int x, float slope) {
    return append({.op = Op::leaky_relu, .name = {}, .inputs = {x}, .slope = slope});
}
int Graph::function(Op op, int x) {
    return append({.op = op, .name = {}, .inputs = {x}});
}
int Graph::concat(std::vector<int> inputs) {
    return append({.op = Op::concat, .name = {}, .inputs = std::move(inputs)});
}
int Graph::slice(int x, int first, int channels) {
    return append({.op = Op::slice, .name = {}, .inputs = {x}, .channels = channels, .first = first});
}
int Graph::shuffle(int x, int groups) {
    return append({.op = Op::shuffle, .name = {}, .inputs = {x}, .groups = groups});
}
int Graph::pad(int x, int top, int bottom, int left, int right) {
    const Window around({1, 1, top, bottom}, {1, 1, left, right});
    return append({.op = Op::pad, .name = {}, .inputs = {x}, .window = around});
}
int Graph::local_norm(int x, LocalNorm norm) {
    return append({.op = Op::local_norm, .name = {}, .inputs = {x}, .local = norm});
}
int Graph::dropout(int x, float rate) {
    return append({.op = Op::dropout, .name = {}, .inputs = {x}, .rate = rate});
}
int Graph::softmax(int x) {
    return append({.op = Op::softmax, .name = {}, .inputs = {x}});
}

std::vector<Parameter> Graph::parameters() const {
    std::vector<Parameter> all;
    for (const Node& node : nodes_)
        if (const auto list = operation(node.op).parameters)
            for (Parameter& parameter : list(node, (*this)[node.inputs[0]].out))
                all.push_back(std::move(parameter));
    return all;
}

void Graph::check(const Weights& weights) const {
    std::set<std::string> known;
    for (const auto& [name, shape, start] : parameters()) {
        known.insert(name);
        const auto found = weights.find(name);
        if (found == weights.end()) throw BadInput("weights: parameter '" + name + "' is missing");
        if (shape_of(found->second) != shape)
            throw BadInput("parameter " + name, "shape", to_string(shape),
                           to_string(shape_of(found->second)));
        check_values(name, found->second);
    }
    for (const auto& [name, values] : weights)
        if (!known.contains(name)) throw BadInput("weights: the network has no parameter '" + name + "'");
}

std::vector<int> Graph::weighted_layers() const {
    std::vector<int> list;
    for (int i = 0; i < size(); ++i)
        if (is_weighted(nodes_[i])) list.push_back(i);
    return list;
}

Shape Graph::weight_shape(const Node& node) const {
    return operation(node.op).parameters(node, (*this)[node.inputs[0]].out).front().shape;
}

std::size_t Graph::macs() const {
    std::size_t total = 0;
    for (const Node& node : nodes_)
        if (is_weighted(node)) {
            const std::size_t pixels =
                static_cast<std::size_t>(node.out.h) * static_cast<std::size_t>(node.out.w);
            total += pixels * count(weight_shape(node));
        }
    return total;
}

std::string Graph::digest() const {
    Digest digest;
    for (const Node& node : nodes_) digest.add(text_of(node) + "\n");
    return digest.hex();
}

std::vector<bool> non_negative_values(const Graph& graph) {
    std::vector<bool> known;
    for (const Node& node : graph.nodes()) {
        const Sign sign = operation(node.op).sign;
        known.push_back(
            sign == Sign::non_negative || (sign == Sign::clamped && node.clamp.low >= 0) ||
            (sign == Sign::of_operands && std::ranges::all_of(node.inputs, [&](int x) { return known[x]; })));
    }
    return known;
}

bool is_buffer(const std::string& parameter) {
    return parameter.ends_with(".running_mean") || parameter.ends_with(".running_var");
}

std::string digest_of(const Weights& weights) {
    Digest digest;
    // Lengths go in first, so that no two sets of weights feed the same bytes.
    const auto add_number = [&](std::uint64_t n) { digest.add(std::span<const std::uint64_t>(&n, 1)); };
    for (const auto& [name, values] : weights) {
        add_number(name.size());
        digest.add(name);
        add_number(values.dimension());
        for (const std::size_t d : values.shape()) add_number(d);
        digest.add(std::span<const float>(values.data(), values.size()));
    }
    return digest.hex();
}

}  // namespace nibble
