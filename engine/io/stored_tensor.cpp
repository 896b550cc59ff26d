#include "engine/io/stored_tensor.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <span>

#include "engine/core/bf16.hpp"
#include "engine/core/error.hpp"
#include "engine/core/f16.hpp"
#include "engine/core/json.hpp"

namespace nibble {
namespace {

float to_float(float x) {
    return x;
}

/// The same whether or not the processor flushes subnormal numbers.
float to_float(double x) {
    const auto rounded = static_cast<float>(x);
    return std::fabs(rounded) < std::numeric_limits<float>::min() ? std::copysign(0.0f, rounded) : rounded;
}

template <class Element>
Array<float> converted(const StoredTensor& tensor) {
    auto values = Array<float>::from_shape(tensor.shape);
    for (std::size_t i = 0; i < values.size(); ++i) {
        Element stored;
        std::memcpy(&stored, tensor.bytes.data() + i * sizeof stored, sizeof stored);
        values.data()[i] = to_float(stored);
    }
    return values;
}

}  // namespace

std::size_t element_bytes(const std::string& dtype) {
    static const std::map<std::string, std::size_t> sizes{
        {"BOOL", 1}, {"I8", 1},  {"U8", 1},  {"I16", 2}, {"U16", 2}, {"F16", 2}, {"BF16", 2},
        {"I32", 4},  {"U32", 4}, {"F32", 4}, {"I64", 8}, {"U64", 8}, {"F64", 8}};
    const auto found = sizes.find(dtype);
    return found == sizes.end() ? 0 : found->second;
}

std::uint64_t byte_count(const std::string& dtype, const Shape& shape, const std::string& where) {
    auto bytes = static_cast<std::int64_t>(element_bytes(dtype));  // signed: strides are
    if (bytes == 0)
        throw BadInput(where, "dtype", "one of BOOL, I8..I64, U8..U64, F16, BF16, F32, F64", quoted(dtype));
    bool empty = false;
    for (const std::size_t d : shape) {
        empty = empty || d == 0;
        // Zeros are left out: strides are products too, of the other dimensions.
        if (d > 0 && __builtin_mul_overflow(bytes, d, &bytes))
            throw BadInput(where + ": shape " + to_string(shape) + " overflows 63 bits");
    }
    return empty ? 0 : static_cast<std::uint64_t>(bytes);
}

std::string quoted(const std::string& text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Array<float> StoredTensor::to_f32() const {
    if (bytes.size() != byte_count(dtype, shape, "tensor"))
        throw BadInput("tensor of shape " + to_string(shape) + ": " + std::to_string(bytes.size()) +
                       " bytes do not fit it");
    if (dtype == "F32") return converted<float>(*this);
    if (dtype == "F16") return converted<F16>(*this);
    if (dtype == "BF16") return converted<Bf16>(*this);
    if (dtype == "F64") return converted<double>(*this);
    throw BadInput("tensor", "dtype", "F16, BF16, F32 or F64", dtype);
}

StoredTensor StoredTensor::from(const Array<float>& values) {
    const auto bytes = std::as_bytes(std::span<const float>(values.data(), values.size()));
    return {"F32", Shape(values.shape().begin(), values.shape().end()), {bytes.begin(), bytes.end()}};
}

}  // namespace nibble
