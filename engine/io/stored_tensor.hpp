// An array as files hold it: raw bytes and what they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/tensor.hpp"

namespace nibble {

/// Row-major, little-endian. The dtype is "F32", "F64", "F16", "BF16", "I8", "U8", "I16", "U16", "I32", "U32",
/// "I64", "U64" or "BOOL".
struct StoredTensor {
    std::string dtype;
    Shape shape;
    std::vector<std::byte> bytes;

    /// The values as float. F32, F16 and BF16 convert exactly. F64 is rounded to the nearest float, ties to
    /// even; what would be infinite becomes infinite, what would be subnormal becomes 0. Throws BadInput for
    /// integers.
    Array<float> to_f32() const;
    static StoredTensor from(const Array<float>& values);
};

/// Bytes of one element; 0 for a type we do not know.
std::size_t element_bytes(const std::string& dtype);

/// Bytes of a whole tensor. Throws BadInput for an unknown type or a size that 63 bits cannot hold.
std::uint64_t byte_count(const std::string& dtype, const Shape& shape, const std::string& where);

/// A name from a file as it may stand in a one-line message.
std::string quoted(const std::string& text);

}  // namespace nibble
