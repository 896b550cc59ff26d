// Constant folding: exporters compute shapes, paddings and split points by small networks of operations on
// constants, which are evaluated here while a file is read.
#pragma once

#include <vector>

#include "engine/onnx/file.hpp"

namespace nibble::onnx {

/// Whether fold() knows the operation.
bool folds(const std::string& type);

/// The operation's first output. `operands` are its inputs in order, null where one is left out. Throws BadInput
/// for operands that do not fit.
Tensor fold(const Operation& operation, const std::vector<const Tensor*>& operands);

/// A list as a tensor of rank 1.
Tensor ints(std::vector<std::int64_t> values);

}  // namespace nibble::onnx
