// Networks as ONNX files that other programs run.
//
// Float networks become the operations of the graph, batch norm kept. Networks of integers become the same operations
// between QuantizeLinear and DequantizeLinear ("QDQ", opset 13):
//
//     x  ->  [Clip]  ->  QuantizeLinear  ->  DequantizeLinear  ->  Conv (int8 weights, DequantizeLinear per channel)
//
// Codes of fewer than 8 bits lie in bytes, those of weights times a power of two; a Clip in front holds activations in
// their range; group scales are multiplied into the codes; further terms of sums are a second convolution, added. Biases
// stay floats, which all runtimes take: some round them, so that a code differs here and there.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/infer/integer_graph.hpp"

namespace nibble {

/// Atomic. Input "input" [n, c, h, w], output "logits" [n, classes]; n is open. Throw Unsupported for an operation
/// that ONNX does not have, IoError.
/// With a quantization, layers that have codes keep them behind DequantizeLinear; activations without a quantizer are
/// float.
void write_onnx(const std::filesystem::path& path, const Graph& graph, const Weights& weights,
                const std::map<std::string, std::string>& metadata, const Quantization& quantization = {});
void write_onnx(const std::filesystem::path& path, const IntegerGraph& graph,
                const std::map<std::string, std::string>& metadata);

}  // namespace nibble
