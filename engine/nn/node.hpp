// One node of a graph: an operation, its attributes and operands, the shape of its value.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/clamp.hpp"
#include "engine/core/tensor.hpp"
#include "engine/nn/window.hpp"

namespace nibble {

/// engine/nn/ops/ says what each means.
enum class Op {
    input,
    conv,
    linear,
    batch_norm,
    clamp,
    add,
    shortcut_a,
    max_pool,
    avg_pool,
    global_pool,
    adaptive_pool,
    multiply,
    leaky_relu,
    hard_sigmoid,
    hard_swish,
    sigmoid,
    silu,
    concat,
    slice,
    shuffle,
    pad,
    local_norm,
    dropout,
    softmax
};
inline constexpr int kOperations = static_cast<int>(Op::softmax) + 1;

/// y = x / (k + alpha / size * sum of x^2 over `size` channels around it)^beta
struct LocalNorm {
    int size = 5;
    float alpha = 1e-4f, beta = 0.75f, k = 1;
};

struct Node {
    Op op;
    std::string name;         ///< unique; empty for nodes without parameters
    std::vector<int> inputs;  ///< indices of earlier nodes
    Dims out{};               ///< computed by Graph::append(); of input and (h, w) of adaptive_pool given
    Window window{};          ///< conv, max_pool, avg_pool; pad: its paddings
    int groups = 1;           ///< conv, shuffle
    int channels = 0;         ///< conv, linear, shortcut_a, slice: of the value
    int first = 0;            ///< slice: the first channel
    int stride = 1;           ///< shortcut_a: keeps every stride-th row and column, pads channels with zeros
    bool bias = false;        ///< conv, linear
    float eps = 1e-5f;        ///< batch_norm
    Clamp clamp{};            ///< clamp
    bool count_padding = true;  ///< avg_pool: padding counts as pixels that are 0
    float slope = 0.01f;        ///< leaky_relu: of negative values
    float rate = 0.5f;          ///< dropout
    LocalNorm local{};          ///< local_norm
};

/// Multiplies by weights.
inline bool is_weighted(const Node& node) {
    return node.op == Op::conv || node.op == Op::linear;
}

/// How a parameter begins before it is trained: constant, normal with variance 2 / fan-in (He), or uniform in
/// +-1 / sqrt(fan-in).
enum class Start { zeros, ones, he_normal, uniform };

struct Parameter {
    std::string name;
    Shape shape;
    Start start = Start::zeros;
    friend bool operator==(const Parameter&, const Parameter&) = default;
};

/// Parameters and buffers by name.
///
///   conv        <name>.weight [out][in][kh][kw], optionally <name>.bias [out]
///   linear      <name>.weight [out][in],         optionally <name>.bias [out]
///   batch_norm  <name>.weight, .bias, .running_mean, .running_var, each [c]
using Weights = std::map<std::string, Array<float>>;

}  // namespace nibble
