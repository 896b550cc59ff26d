// The network as data: a static graph of nodes in topological order.
//
// One description serves training, evaluation and lowering to integers; each is a pass over it.
// Shapes are per image, NHWC without N. Parameter names follow torchvision: "<node name>.weight" and so on.
#pragma once

#include <string>
#include <vector>

#include "engine/nn/node.hpp"

namespace nibble {

/// Builds itself front to back; every function returns the new node's index and throws BadInput when shapes
/// do not fit. The last node is the output, of shape 1 x 1 x classes.
class Graph {
  public:
    /// Appends a copy of a node, perhaps of another graph; its inputs are nodes of this one.
    int append(Node node);

    int input(Dims dims);
    /// `groups` divides both numbers of channels: each group of outputs reads its own group of inputs.
    int conv(int x, std::string name, int channels, Window window, bool bias = false, int groups = 1);
    /// Fully connected layer on the whole activation, its elements in the order of channels, rows, columns.
    int linear(int x, std::string name, int channels, bool bias = true);
    int batch_norm(int x, std::string name, float eps = 1e-5f);
    int clamp(int x, Clamp bounds);
    int relu(int x) { return clamp(x, kRelu); }
    int add(int x, int y);
    /// He et al. (2015), option A: subsample by `stride`, then zero-pad channels, half of them on either
    /// side.
    int shortcut_a(int x, int channels, int stride);
    int max_pool(int x, Window window);
    /// Averages over the window; padding counts as pixels that are 0, or not at all.
    int avg_pool(int x, Window window, bool count_padding = true);
    int global_pool(int x);
    /// h x w averages; output row r is of the rows floor(r H / h) to ceil((r + 1) H / h) - 1, columns likewise.
    int adaptive_pool(int x, int h, int w);
    /// Element by element; a second operand of 1 x 1 x c is multiplied with every pixel.
    int multiply(int x, int y);
    int leaky_relu(int x, float slope = 0.01f);
    /// hard_sigmoid, hard_swish, sigmoid, silu: no parameters, element by element.
    int function(Op op, int x);
    int concat(std::vector<int> inputs);
    /// Channels [first, first + channels).
    int slice(int x, int first, int channels);
    /// Of g groups of n channels, channel i g + j becomes number i of group j.
    int shuffle(int x, int groups);
    /// Pixels of 0 around the image.
    int pad(int x, int top, int bottom, int left, int right);
    int local_norm(int x, LocalNorm norm);
    int dropout(int x, float rate);
    /// Over the channels of one pixel.
    int softmax(int x);

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
    std::vector<int> weighted_layers() const;
    /// [out][in][kernel height][kernel width] of a convolution, [out][in] of a linear layer.
    Shape weight_shape(const Node& node) const;
    /// Multiplications of convolutions and linear layers for one image.
    std::size_t macs() const;
    /// SHA-256 over everything that distinguishes it.
    std::string digest() const;

  private:
    std::vector<Node> nodes_;
};

/// By node: true if no value of it can be negative, whatever the image.
std::vector<bool> non_negative_values(const Graph& graph);

/// True for running_mean and running_var: state that training tracks but no gradient reaches.
bool is_buffer(const std::string& parameter);

/// SHA-256 over names, shapes and values, in the order of the names.
std::string digest_of(const Weights& weights);

}  // namespace nibble
