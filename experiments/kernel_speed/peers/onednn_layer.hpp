// One layer computed by oneDNN: the best it offers, with weights and activations in layouts of its choice.
#pragma once

#include <cstdint>
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace nibble::peers {

/// NHWC convolution with a border of kernel / 2 zeros, or a fully connected layer (then size, kernel and
/// stride are 1).
struct Layer {
    std::string name;
    bool linear;
    int inputs, outputs, size, kernel, stride;
    std::vector<int> batches;

    int border() const { return kernel / 2; }
    int output_size() const { return (size + 2 * border() - kernel) / stride + 1; }
};

enum class Precision {
    f32,    ///< f32 throughout
    int8,   ///< u8 activations, s8 weights, s32 bias; out: u8 after ReLU, f32 logits for a linear layer
    int32,  ///< as int8, but the plain sums come out
};

/// The operands as integers; f32 layers get them divided by 128. Weights lie (out, in, kh, kw), activations
/// NCHW.
struct Operands {
    std::vector<int> activations, weights, bias;
};

Operands make_operands(const Layer& layer, int batch, const std::function<int()>& activation,
                       const std::function<int()>& weight);

class OnednnLayer {
  public:
    OnednnLayer(const Layer& layer, int batch, Precision precision, const Operands& operands);

    void run();
    /// Precision::int32: what run() computed, NCHW.
    std::vector<std::int32_t> sums();
    /// oneDNN's name of the kernel it chose: "brgconv:avx512_core_vnni".
    const std::string& implementation() const { return implementation_; }

  private:
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    dnnl::primitive primitive_;
    std::unordered_map<int, dnnl::memory> arguments_;
    dnnl::memory::dims output_dims_;
    std::string implementation_;

    /// Copies plain values into the layout and type that the primitive wants.
    dnnl::memory load(const dnnl::memory::desc& wanted, const std::vector<int>& values, Precision precision);
};

}  // namespace nibble::peers
