// A network ready to run as integers: stored values, and steps from one to the next in the order they run.
//
// Made by lower() from a float graph, or read from a file. What each step computes is written at IntegerStep;
// the executor does it with packed kernels, the simulator with float products, and both must agree in every
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

/// Real numbers v become outputs: stored as they are in values of floats, as codes in the others.
struct IntegerStep {
    enum class Op {
        quantize,  ///< v = input (floats)
        /// v = fma(float(sum), scale[c], shift[c]), sum = the exact sum of products of codes; for each extra
        /// term of a sum that has channel c, v = fma(float(its sum), its extra_scale, v); then + residual;
        /// then its clamp. A residual of codes counts as code * step. Codes quantized by
        /// channel are for its input and for max_pool only: elsewhere each channel's codes would need a scale
        /// of their own.
        product,
        shortcut,  ///< subsamples and pads channels with zeros (Graph::shortcut_a); codes stay codes
        max_pool,  ///< codes stay codes: quantizing is monotone
        /// Taps in row-major order, padding left out of the sum but counted in n.
        /// Floats: v = sum / n, one chain of additions. Codes: v = float(sum) * step / n.
        avg_pool
    };
    Op op = Op::quantize;
    std::string name;  ///< of the layer; for other steps a name like "max_pool"
    int input = 0;     ///< a value
    std::vector<int> outputs;
    Window window{};  ///< product, pools
    int stride = 1;   ///< shortcut
    QuantizedWeights weights;
    std::vector<float> scale, shift;
    std::vector<std::vector<float>> extra_scale;  ///< by extra term of the weights, one per channel it is for
    int residual = -1;                            ///< a value
    Clamp clamp{};
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

/// In the order of IntegerStep::Op.
inline constexpr const char* kOperations[] = {"quantize", "product", "shortcut", "max_pool", "avg_pool"};
std::string to_string(IntegerStep::Op op);

/// What a value is stored as: "f32", "u8", "s4", with multipliers by channel "u4-pc", ...
std::string storage_name(const IntegerValue& value);

/// Bytes of a step's weights as a file stores them: codes, steps and multipliers, scales and shifts per
/// channel, and multipliers per channel of the quantizers of its outputs.
std::size_t weight_bytes(const IntegerGraph& graph, const IntegerStep& step);
/// Of all steps.
std::size_t weight_bytes(const IntegerGraph& graph);

}  // namespace nibble
