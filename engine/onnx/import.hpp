// From an ONNX file to a graph and its weights, one operation at a time.
//
// ONNX says of tensors what Nibble says of images: an activation is a node of the graph and the tensor as which the
// file sees its elements. Reshapes and transposes change the view alone, until one amounts to an operation of
// the graph (a channel shuffle).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/onnx/file.hpp"
#include "engine/onnx/shapes.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble::onnx {

/// The order of a node's elements in a tensor.
enum class View {
    image,        ///< [n, c, h, w], [n, c, h w], or [n, c] of a single pixel
    flat,         ///< [n, c h w]
    pixels_last,  ///< [n, h, w, c]
    grouped,      ///< [n, g, c / g, ...]
    shuffled      ///< [n, c / g, g, ...], of grouped with two axes exchanged
};

struct Activation {
    int node = 0;
    Sizes shape;
    View view = View::image;
    std::optional<Quantizer>
        codes;              ///< what the file says passes here: QuantizeLinear, then DequantizeLinear
    bool as_codes = false;  ///< between the two
};

/// Weights that a file holds as codes: value = code * step.
struct StoredCodes {
    std::vector<std::int8_t> codes;
    std::vector<float> steps;  ///< one, or one for each index of `axis`
    std::size_t axis = 0;
};

struct Constant {
    Tensor tensor;
    std::optional<StoredCodes> codes;
    std::string name;  ///< of the initializer; empty for computed ones
};

using Value = std::variant<Activation, Constant>;

class Importer {
  public:
    /// `where` begins messages; `input` is for files that leave the size of images open, 0 where it may.
    Importer(const File& file, std::string where, Dims input);

    /// Reads all operations. Throws BadInput, which names the node, for what the graph cannot express.
    void run();

    // ---- for the operations

    const Operation& operation() const { return *operation_; }
    int opset() const { return file_.opset; }
    /// Inputs of the operation; BadInput where there is none.
    const Activation& activation(std::size_t i) const;
    const Constant& constant(std::size_t i) const;
    bool has(std::size_t i) const;
    bool is_constant(std::size_t i) const;
    /// Its constant inputs by position, null for others.
    std::vector<const Tensor*> constants() const;
    std::size_t inputs() const { return operation_->inputs.size(); }

    Graph& graph() { return graph_; }
    Weights& weights() { return weights_; }
    Quantization& quantization() { return quantization_; }
    const Dims& dims(const Activation& x) const { return graph_[x.node].out; }
    std::int64_t batch() const { return batch_; }

    /// Appends a node that reads these activations, in order.
    int append(Node node, const std::vector<const Activation*>& operands);
    /// The activation of a node in the usual view, [n, c, h, w]; [n, c] if `flat`.
    Activation image(int node, bool flat = false) const;
    /// The codes that a node hands on as they are; nothing if it computes others.
    std::optional<Quantizer> codes_of(int node) const;
    /// Sets output number `i` of the operation.
    void result(Value value, std::size_t i = 0);
    /// A name for a layer: "<name>" of an initializer "<name>.weight", else the operation's own; never given twice.
    std::string layer_name(const Constant& weight);
    /// If the operation's only reader is `type` with a constant, that operation: the caller takes care of it, and
    /// sets its output by absorb().
    const Operation* only_reader(const std::string& type) const;
    const Constant* constant_of(const Operation& operation) const;
    void absorb(const Operation& reader) { absorbed_ = &reader; }

    /// The node's value is x * scale + shift, one number for all of it.
    struct Affine {
        int x;
        float scale, shift;
    };
    std::map<int, Affine> affines;

    // ---- the outcome

    struct Network {
        Graph graph;
        Weights weights;
        std::optional<Quantization> quantization;
    };
    Network take() &&;

  private:
    void read_input(Dims wanted);
    void step(const Operation& operation);
    bool fold_constants();
    std::string at() const;

    const File& file_;
    std::string where_;
    Graph graph_;
    Weights weights_;
    Quantization quantization_;
    bool quantized_ = false;
    std::map<std::string, Value> values_;
    std::map<std::string, std::vector<const Operation*>> readers_;
    std::map<std::string, int> names_;
    std::map<int, Quantizer> passed_;  ///< by node: maxima, concatenations, ... of codes
    const Operation* operation_ = nullptr;
    const Operation* absorbed_ = nullptr;
    std::map<const Operation*, bool> done_;
    std::int64_t batch_ = 1;
};

/// What an operation of this name adds to the graph.
using Reader = void (*)(Importer&);
const std::map<std::string, Reader>& layer_readers();      ///< Conv, Gemm, BatchNormalization, ...
const std::map<std::string, Reader>& pointwise_readers();  ///< Relu, Add, Mul, ...
const std::map<std::string, Reader>& pooling_readers();    ///< MaxPool, ReduceMean, ...
const std::map<std::string, Reader>& shape_readers();      ///< Reshape, Concat, Slice, ...
const std::map<std::string, Reader>& code_readers();       ///< QuantizeLinear, DequantizeLinear

/// Whether there is a reader, or the operation folds.
bool is_known(const std::string& type);

/// An int of a file's 64-bit number. Throws BadInput unless it lies between `low` and 2^24.
int small(std::int64_t value, const char* what, std::int64_t low = 0);

}  // namespace nibble::onnx
