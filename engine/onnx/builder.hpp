// Writes one node of a graph after the other as ONNX operations.
#pragma once

#include <string>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/onnx/file.hpp"

namespace nibble::onnx {

/// A value of the file in the making: [n, c, h, w], or [n, c] if `flat`.
struct Written {
    std::string name;
    bool flat = false;
};

class Builder {
  public:
    explicit Builder(Dims input);

    Written input() const { return {"input"}; }
    /// What a node computes, of these operands. Throws Unsupported for what no operation of ONNX does.
    Written node(const Node& node, const std::vector<Dims>& in, std::vector<Written> operands,
                 const Weights& weights);
    /// A convolution or linear layer whose weights and bias (empty: none) are values of the file.
    Written layer(const Node& node, const Written& x, const std::string& weight, const std::string& bias);
    Written add(Written a, Written b);
    Written clamp(const Written& x, const Clamp& bounds);

    /// Appends an operation; returns its output's name.
    std::string operation(const std::string& type, std::vector<std::string> inputs,
                          std::map<std::string, Attribute> attributes = {}, const std::string& name = {});
    std::string constant(Tensor tensor, const std::string& name = {});
    std::string floats(std::vector<float> values, std::vector<std::int64_t> shape,
                       const std::string& name = {});
    std::string ints(std::vector<std::int64_t> values);
    /// The same value as [n, c, h, w].
    Written image(const Written& x);

    /// `logits` becomes the output, [n, classes].
    File finish(const Written& logits, int classes) &&;

  private:
    std::string fresh(const std::string& stem);

    File file_;
    std::map<std::string, int> names_;
};

}  // namespace nibble::onnx
