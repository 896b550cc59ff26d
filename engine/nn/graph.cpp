#include "engine/nn/graph.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>

#include "engine/core/digest.hpp"
#include "engine/core/error.hpp"

namespace nibble {

namespace {

// Kernels index one image's activation with 32 bits; this also keeps h * w * c from overflowing anywhere.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 30;

void require_positive(int value, const std::string& where, const std::string& what) {
    if (value < 1) throw BadInput(where, what, "at least 1", std::to_string(value));
}

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

}  // namespace

int Graph::push(Node node) {
    if (node.out.h < 1 || node.out.w < 1 || node.out.c < 1 ||
        static_cast<double>(node.out.h) * node.out.w * node.out.c > static_cast<double>(kMaxElements))
        throw BadInput("network", "activation shape", "1 to 2^30 elements", to_string(node.out));
    const bool has_parameters = is_product(node) || node.op == Op::batch_norm;
    if (has_parameters) {
        if (node.name.empty()) throw BadInput("network: a layer with parameters needs a name");
        for (const Node& other : nodes_)
            if (other.name == node.name) throw BadInput("network: two layers are named '" + node.name + "'");
    }
    nodes_.push_back(std::move(node));
    return size() - 1;
}

const Dims& Graph::dims(int x) const {
    if (x < 0 || x >= size())
        throw BadInput("network", "input of a layer",
                       "an earlier node (0 to " + std::to_string(size() - 1) + ")", std::to_string(x));
    return (*this)[x].out;
}

int Graph::input(Dims dims) {
    if (!nodes_.empty()) throw BadInput("network: input must be the first node and the only one of its kind");
    return push({.op = Op::input, .name = {}, .inputs = {}, .out = dims});
}

int Graph::conv(int x, std::string name, int channels, Window window, bool bias) {
    const Dims in = dims(x);
    window.check(in, "layer " + name);
    return push({.op = Op::conv,
                 .name = std::move(name),
                 .inputs = {x},
                 .out = window.output(in, channels),
                 .window = window,
                 .bias = bias});
}

int Graph::linear(int x, std::string name, int channels, bool bias) {
    const Dims in = dims(x);
    if (in.h != 1 || in.w != 1)
        throw BadInput("layer " + name, "input of a linear layer", "1x1xc", to_string(in));
    return push(
        {.op = Op::linear, .name = std::move(name), .inputs = {x}, .out = {1, 1, channels}, .bias = bias});
}

int Graph::batch_norm(int x, std::string name, float eps) {
    if (!(eps > 0) || !std::isfinite(eps))
        throw BadInput("layer " + name, "eps", "a positive number", std::to_string(eps));
    const Dims in = dims(x);
    return push({.op = Op::batch_norm, .name = std::move(name), .inputs = {x}, .out = in, .eps = eps});
}

int Graph::relu(int x) {
    const Dims in = dims(x);
    return push({.op = Op::relu, .name = {}, .inputs = {x}, .out = in});
}

int Graph::add(int x, int y) {
    const Dims a = dims(x), b = dims(y);
    if (a != b) throw BadInput("add", "second operand", to_string(a), to_string(b));
    return push({.op = Op::add, .name = {}, .inputs = {x, y}, .out = a});
}

int Graph::shortcut_a(int x, int channels, int stride) {
    const Dims in = dims(x);
    require_positive(stride, "shortcut", "stride");
    if (channels < in.c)
        throw BadInput("shortcut", "channels", "at least those of its input, " + std::to_string(in.c),
                       std::to_string(channels));
    const Dims out{(in.h - 1) / stride + 1, (in.w - 1) / stride + 1, channels};
    return push({.op = Op::shortcut_a, .name = {}, .inputs = {x}, .out = out, .stride = stride});
}

int Graph::max_pool(int x, Window window) {
    const Dims in = dims(x);
    window.check_pooling(in, "max pooling");
    return push(
        {.op = Op::max_pool, .name = {}, .inputs = {x}, .out = window.output(in, in.c), .window = window});
}

int Graph::avg_pool(int x, Window window) {
    const Dims in = dims(x);
    window.check_pooling(in, "average pooling");
    return push(
        {.op = Op::avg_pool, .name = {}, .inputs = {x}, .out = window.output(in, in.c), .window = window});
}

int Graph::global_pool(int x) {
    const Dims in = dims(x);
    return push({.op = Op::global_pool, .name = {}, .inputs = {x}, .out = {1, 1, in.c}});
}

std::vector<std::pair<std::string, Shape>> Graph::parameters() const {
    std::vector<std::pair<std::string, Shape>> result;
    for (const Node& node : nodes_) {
        const Shape per_channel{static_cast<std::size_t>(node.out.c)};
        if (is_product(node)) {
            result.emplace_back(node.name + ".weight", weight_shape(node));
            if (node.bias) result.emplace_back(node.name + ".bias", per_channel);
        } else if (node.op == Op::batch_norm) {
            for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
                result.emplace_back(node.name + part, per_channel);
        }
    }
    return result;
}

void Graph::check(const Weights& weights) const {
    std::set<std::string> known;
    for (const auto& [name, shape] : parameters()) {
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

std::vector<int> Graph::products() const {
    std::vector<int> list;
    for (int i = 0; i < size(); ++i)
        if (is_product(nodes_[i])) list.push_back(i);
    return list;
}

Shape Graph::weight_shape(const Node& node) const {
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    const std::size_t in = size((*this)[node.inputs[0]].out.c);
    if (node.op == Op::linear) return {size(node.out.c), in};
    return {size(node.out.c), in, size(node.window.rows.kernel), size(node.window.cols.kernel)};
}

std::size_t Graph::macs() const {
    std::size_t total = 0;
    for (const Node& node : nodes_)
        if (is_product(node)) {
            const std::size_t pixels =
                static_cast<std::size_t>(node.out.h) * static_cast<std::size_t>(node.out.w);
            total += pixels * count(weight_shape(node));
        }
    return total;
}

std::string Graph::digest() const {
    Digest digest;
    const auto add = [&](const std::vector<int>& numbers) {
        const int count = static_cast<int>(numbers.size());
        digest.add(std::span<const int>(&count, 1)).add(std::span<const int>(numbers));
    };
    for (const Node& node : nodes_) {
        add({static_cast<int>(node.op), static_cast<int>(node.name.size())});
        digest.add(node.name);
        add(node.inputs);
        add({node.out.h, node.out.w, node.out.c});
        add(node.window.numbers());
        add({node.stride, node.bias});
        digest.add(std::span<const float>(&node.eps, 1));
    }
    return digest.hex();
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
