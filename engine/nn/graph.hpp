// The network as data: a static graph of nodes in topological order.
//
// One description serves training, evaluation and lowering to integers; each is a pass over it.
// Shapes are per image, NHWC without N. Parameter names follow torchvision: "<node name>.weight" and so on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/clamp.hpp"
#include "engine/core/tensor.hpp"
#include "engine/nn/window.hpp"

namespace nibble {

/// op.hpp says what each means.
enum class Op { input, conv, linear, batch_norm, clamp, add, shortcut_a, max_pool, avg_pool, global_pool };

struct Node {
    Op op;
    std::string name;         ///< unique; empty for nodes without parameters
    std::vector<int> inputs;  ///< indices of earlier nodes
    Dims out{};               ///< computed by Graph::append(); of the input given
    Window window{};          ///< conv, max_pool, avg_pool
    int channels = 0;         ///< conv, linear, shortcut_a: of the value
    int stride = 1;           ///< shortcut_a: keeps every stride-th row and column, pads channels with zeros
    bool bias = false;        ///< conv, linear
    float eps = 1e-5f;        ///< batch_norm
    Clamp clamp{};            ///< clamp
};

/// Multiplies by weights.
inline bool is_product(const Node& node) {
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

/// Builds itself front to back; every function returns the new node's index and throws BadInput when shapes
/// do not fit. The last node is the output, of shape
/// 1 x 1 x classes.
class Graph {
  public:
    /// Appends a copy of a node, perhaps of another graph; its inputs are nodes of this one.
    int append(Node node);

    int input(Dims dims);
    int conv(int x, std::string name, int channels, Window window, bool bias = false);
    /// Fully connected layer on a 1 x 1 x c activation.
    int linear(int x, std::string name, int channels, bool bias = true);
    int batch_norm(int x, std::string name, float eps = 1e-5f);
    int clamp(int x, Clamp bounds);
    int relu(int x) { return clamp(x, kRelu); }
    int add(int x, int y);
    /// He et al. (2015), option A: subsample by `stride`, then zero-pad channels, half of them on either
    /// side.
    int shortcut_a(int x, int channels, int stride);
    int max_pool(int x, Window window);
    /// Averages over the window; padding counts as zeros and is included in the divisor.
    int avg_pool(int x, Window window);
    int global_pool(int x);

    const std::vector<Node>& nodes() const { return nodes_; }
    const Node& operator[](int i) const { return nodes_[static_cast<std::size_t>(i)]; }
    int size() const { return static_cast<int>(nodes_.size()); }
    Dims input_dims() const { return nodes_.front().out; }
    int classes() const { return nodes_.back().out.c; }

    /// Every parameter and buffer, in the order of the nodes.
    std::vector<Parameter> parameters() const;
    /// Throws BadInput unless `weights` holds exactly these, with these shapes and only finite values.
    void check(const Weights& weights) const;
    /// The nodes that multiply by weights, in order.
    std::vector<int> products() const;
    /// [out][in][kernel height][kernel width] of a convolution, [out][in] of a linear layer.
    Shape weight_shape(const Node& node) const;
    /// Multiplications of convolutions and linear layers for one image.
    std::size_t macs() const;
    /// SHA-256 over everything that distinguishes it.
    std::string digest() const;

  private:
    std::vector<Node> nodes_;
};

/// True for running_mean and running_var: state that training tracks but no gradient reaches.
bool is_buffer(const std::string& parameter);

/// SHA-256 over names, shapes and values, in the order of the names.
std::string digest_of(const Weights& weights);

}  // namespace nibble
