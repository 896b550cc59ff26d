// What an operation of an ONNX file says of itself.
#pragma once

#include "engine/onnx/file.hpp"

namespace nibble::onnx {

/// Throw BadInput for an attribute of another type.
std::int64_t attribute(const Operation& operation, const char* name, std::int64_t fallback);
float attribute(const Operation& operation, const char* name, float fallback);
std::string attribute(const Operation& operation, const char* name, const std::string& fallback);

/// A list that older opsets hold as an attribute and newer ones as operand number `index`; empty if neither is
/// there.
std::vector<std::int64_t> list_of(const Operation& operation, const char* name,
                                  const std::vector<const Tensor*>& operands, std::size_t index);

}  // namespace nibble::onnx
