// A network from an ONNX file (onnx.ai): a graph, its weights and, of a quantized one, its codes and scales.
//
// Read are opsets 7 to 20 and the operations that `nibble info` lists; batch norm may be folded or not, shapes
// may be computed by operations, tensors may lie in other files. QuantizeLinear and DequantizeLinear become the
// Quantization that they state. A layer is named as its weights in the file, without ".weight".
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "engine/nn/graph.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

struct OnnxNetwork {
    Graph graph;
    Weights weights;
    std::optional<Quantization> quantization;
    std::map<std::string, std::string> metadata;  ///< what the file says of itself
};

/// `input` states the size of images where the file leaves it open; 0 where it may not. Throws IoError, and
/// BadInput, which names the file and the node, for what is damaged or cannot be expressed.
OnnxNetwork read_onnx(const std::filesystem::path& path, Dims input = {0, 0, 0});

/// What kinds of operations a file has, how many of each, and whether read_onnx() knows them.
struct OnnxOperations {
    int opset = 0;
    std::map<std::string, int> known, unknown;
};
OnnxOperations operations_in(const std::filesystem::path& path);

}  // namespace nibble
