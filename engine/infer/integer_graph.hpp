// A network ready to run as integers: stored values, and steps from one to the next in the order they run.
//
// Made by lower() from a float graph, or read from a file. What each step computes is written at IntegerStep;
// the executor does it with packed kernels, the simulator with float GEMMs, and both must agree in every
// bit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/nn/graph.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// A tensor that exists while an image passes: codes of a quantizer, or floats without one.
struct IntegerValue {
    Dims dims;
    std::optional<Quantizer> quantizer;
};

/// Real numbers v become outputs: stored as they are in values of floats, as codes in the others. Codes of one
/// scale stand for code * step; codes with a scale per channel go into weighted layers, by way of `pass` if need be, and
/// nowhere else, since each channel's codes would need a scale of their own.
struct IntegerStep {
    enum class Kind {
        quantize,  ///< v = input (floats)
        /// v = fma(float(sum), scale[c], shift[c]), sum = the exact sum of products of codes; for each extra
        /// term of a sum that has channel c, v = fma(float(its sum), its extra_scale, v); then + residual;
        /// then the node's clamp.
        gemm,
        /// The node's operation on codes (or floats) as they are: maxima, concatenation, slices, ... (OnCodes::
        /// passes). Quantizing is monotone, so a maximum of codes is the code of the maximum.
        pass,
        /// Taps in row-major order, padding left out of the sum; n as the node counts it.
        /// Floats: v = sum / n, one chain of additions. Codes: v = float(sum) * step / n.
        mean,
        /// v = input; with scales, v = fma(v, scale[c], shift[c]); then + residual; then the node's clamp.
        rescale,
        apply  ///< v = the node's operation, in floats, on what the inputs stand for (OnCodes::reals)
    };
    Kind kind = Kind::quantize;
    Node node{.op = Op::input, .name = {}, .inputs = {}};  ///< operation, name, window, groups, clamp, ...
    std::vector<int> inputs{0};                            ///< values
    std::vector<int> outputs;
    QuantizedWeights weights;
    std::vector<float> scale, shift;
    std::vector<std::vector<float>> extra_scale;  ///< by extra term of the weights, one per channel it is for
    int residual = -1;                            ///< a value
};

struct IntegerGraph {
    std::vector<IntegerValue>
        values;                      ///< the first one is the image (floats); each other is one step's output
    std::vector<IntegerStep> steps;  ///< the last one's only output: the logits, floats, 1 x 1 x classes

    Dims input_dims() const { return values.front().dims; }
    int classes() const { return values[steps.back().outputs.front()].dims.c; }

    /// Throws BadInput, naming the step, unless everything fits together: indices, shapes, schemes, finite
    /// scales, sums within 32 bits, and bounds on memory and work for one image.
    void check() const;
};

/// "quantize", "product" (gemm), "avg_pool", "rescale", or the node's operation: "max_pool", ...
std::string operation_name(const IntegerStep& step);

/// The step's node with the shape of its value, which files and graphs in the making leave open.
Node complete_node(const IntegerGraph& graph, const IntegerStep& step);
std::vector<Dims> input_dims_of(const IntegerGraph& graph, const IntegerStep& step);

/// Whether a step computes in floats: a table of the values of a function of one code is none.
bool is_island(const IntegerGraph& graph, const IntegerStep& step);

/// What a value is stored as: "f32", "u8", "s4", with multipliers by channel "u4-pc", ...
std::string storage_name(const IntegerValue& value);

/// Bytes of a step's weights as a file stores them: codes, steps and multipliers, scales and shifts per
/// channel, and multipliers per channel of the quantizers of its outputs.
std::size_t weight_bytes(const IntegerGraph& graph, const IntegerStep& step);
/// Of all steps.
std::size_t weight_bytes(const IntegerGraph& graph);

}  // namespace nibble
