// ONNX files (onnx.ai) as plain values: nodes that name their operands, and constant tensors. The one file pair
// that knows of protobuf.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace nibble::onnx {

/// What ONNX calls the elements of a tensor; reals are held as float, all others as 64-bit integers.
enum class Element { f32, i64, i32, i8, u8, boolean };

/// Row-major, of any rank; rank 0 has one element.
struct Tensor {
    std::vector<std::int64_t> shape;
    std::variant<std::vector<float>, std::vector<std::int64_t>> values;
    Element element = Element::f32;

    bool is_float() const { return values.index() == 0; }
    std::size_t size() const;
    /// Throws BadInput for a tensor of the other kind.
    const std::vector<float>& floats() const;
    const std::vector<std::int64_t>& ints() const;
};

using Attribute =
    std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>, Tensor>;

struct Operation {
    std::string type, name;
    std::vector<std::string> inputs, outputs;  ///< names of values; an empty one is left out
    std::map<std::string, Attribute> attributes;
};

/// A value that comes from or goes to the caller; -1 for a size that the file leaves open.
struct Port {
    std::string name;
    std::vector<std::int64_t> shape;
};

inline constexpr int kOldestOpset = 7, kNewestOpset = 20;

struct File {
    int opset = 13;
    std::vector<Port> inputs, outputs;
    std::vector<Operation> operations;  ///< in topological order
    std::map<std::string, Tensor> constants;
    std::map<std::string, std::string> metadata;
};

/// Float16, bfloat16 and double tensors become float (double: rounded to nearest). Tensors may lie in files
/// beside this one ("external data"), in its folder or below. Throws IoError; BadInput for what is no ONNX file,
/// an opset that is not among those above, operators of other domains, and tensors whose size and data differ.
File read_file(const std::filesystem::path& path);

/// Atomic; equal contents give equal bytes.
void write_file(const std::filesystem::path& path, const File& file);

}  // namespace nibble::onnx
