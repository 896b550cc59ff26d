// From an ONNX file to a graph and its weights, one operation at a time.
//
// ONNX operates on tensors of any rank, Nibble's graph on images. An Activation therefore pairs a node of the graph
// with the shape and the order of elements that the file sees. Reshape and Transpose change this view only, unless
// together they are an operation of the graph (a channel shuffle).
//
//     Importer importer(file, path, {});  importer.run();  Network network = std::move(importer).take();
#pragma once

#include <map>
#include <optional>
#include <set>
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
    image,        ///< [n, c, h, w], [n, c, h * w], or [n, c] of a single pixel
    flat,         ///< [n, c * h * w]
    pixels_last,  ///< [n, h, w, c]
    grouped,      ///< [n, g, c / g, ...]
    shuffled      ///< [n, c / g, g, ...]: `grouped` with its two group axes swapped
};

struct Activation {
    int node = 0;
    Sizes shape;
    View view = View::image;
    std::optional<Quantizer>
        codes;              ///< what the file says passes here: QuantizeLinear, then DequantizeLinear
    bool as_codes = false;  ///< between the two
};

/// Weights that a file holds as codes: value = code * step (zero points are subtracted already).
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
    /// `where` is the prefix of error messages. `input` gives the size of images where the file leaves it open; 0: the
    /// file must state it. `file` must outlive the importer.
    Importer(const File& file, std::string where, Dims input);

    /// Reads all operations. Throws BadInput, which names the node, if the graph cannot express an operation.
    void run();

    // ---- for the operations

    const Operation& operation() const { return *operation_; }
    int opset() const { return file_.opset; }
    /// Input number i of the current operation. Throws BadInput if it is absent or of the other kind.
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
    /// The size of the batch that the file states, 1 if it is open: the first size of every shape.
    std::int64_t batch() const { return batch_; }

    /// Appends a node that reads these activations, in order.
    int append(Node node, const std::vector<const Activation*>& operands);
    /// The activation of a node in the usual view, [n, c, h, w]; [n, c] if `flat`.
    Activation image(int node, bool flat = false) const;
    /// The quantizer of the codes that a node passes on unchanged; nullopt if it computes new values.
    std::optional<Quantizer> codes_of(int node) const;
    /// Sets output number `i` of the operation.
    void result(Value value, std::size_t i = 0);
    /// "<name>" if the initializer is "<name>.weight", else the operation's name; made unique.
    std::string layer_name(const Constant& weight);
    /// The only consumer of the operation's output if it is of this type, else nullptr. After absorb(), result() sets
    /// the consumer's output and the consumer itself is skipped.
    const Operation* only_consumer(const std::string& type) const;
    const Constant* constant_of(const Operation& operation) const;
    void absorb(const Operation& consumer) { absorbed_ = &consumer; }

    /// The node's value is x * scale + shift, with scalar scale and shift.
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
    std::map<std::string, Value> values_;
    std::map<std::string, std::vector<const Operation*>> consumers_;
    std::map<std::string, int> names_;
    std::map<int, Quantizer> passed_;  ///< by node that passes codes on: max pooling, concatenation, ...
    const Operation* operation_ = nullptr;
    const Operation* absorbed_ = nullptr;
    std::set<const Operation*> done_;  ///< absorbed by the operation before
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

/// Narrows a 64-bit number of a file to int. Throws BadInput unless low <= value < 2^24.
int small(std::int64_t value, const char* what, std::int64_t low = 0);

}  // namespace nibble::onnx
