// What convolutions and fully connected layers have in common: weights and their codes, operands, bias, and sums
// over a batch. How they multiply is theirs (conv.hpp, grouped_conv.hpp).
#pragma once

#include <string>
#include <vector>

#include "engine/kernels/packing.hpp"
#include "engine/nn/units/activation.hpp"
#include "engine/nn/units/operand.hpp"

namespace nibble {

class WeightedUnit : public ActivationSource {
  public:
    struct Options {
        std::string name;
        Window window;
        int groups = 1;
        bool bias = false;
        bool logits = false;  ///< the network's output: kept in float whatever the numerics
    };
    /// `by_tap`: weight gradients are [kh][kw][o], of depthwise convolutions.
    WeightedUnit(const Context& context, Edge input, Dims dims, const Options& options, bool by_tap = false);

    /// Packs the current weights; call after they change.
    void pack();
    std::vector<Edge*> inputs() override { return {&input_}; }
    void forward(int slot, Scratch& scratch) override;
    void backward(int slot, Scratch& scratch) override;
    void finish_backward(int images) override;
    kernels::Normalize view(int slot) const override { return stored_view(output_, slot); }
    const float* floats(int slot) const override;
    /// Sums of codes are stored as they are where batch norm follows, which scales anyway, unless a bias comes
    /// in between.
    double unit(int channel) const override { return stores_sums() ? codes_.units[channel] : 1.0; }

  protected:
    /// Weights [out][in of the group][kh][kw] for the forward GEMM, and for the gradient of the input.
    virtual void pack(const float* forward, const float* backward) = 0;
    /// out [pixel][o] = the sums of products with the operand x.
    virtual void multiply(const void* x, float* out, Scratch& scratch) = 0;
    /// Adds to gradient [group][kh][kw][i][o of the group, padded to gradient_stride()], or as `by_tap` says.
    virtual void weight_gradient(const void* x, const void* dy, float* gradient, Scratch& scratch) = 0;
    /// dx [pixel][i]
    virtual void input_gradient(const void* dy, float* dx, Scratch& scratch) = 0;

    /// What every phase of the gradient of the input sees of dy: for dy_border_.
    Border gradient_border() const;
    int gradient_stride() const;
    std::size_t group_gradient_size() const;
    /// Whether sums of codes are exact as floats, and a GEMM whose sums are not, in parts that are.
    bool float_sums_are_exact() const { return float_sums_are_exact_; }
    void split_gemm(const kernels::Gemm& q, const kernels::PackedWeights& weights) const;

    Edge input_;
    Dims in_;
    Options options_;
    struct {
        int inputs, outputs;
    } group_;  ///< channels of one group
    Border x_border_, dy_border_;

  private:
    bool stores_sums() const { return quantizer_ && is_normalized() && !options_.bias; }
    /// The layer's input as floats, and as the operand of its GEMM: codes where it is quantized.
    const float* input_values(int slot, Scratch& scratch) const;
    const void* operand(int slot, const float* values, Scratch& scratch) const;
    void add_bias(float* out) const;
    void add_bias_gradient(int slot, float* sums) const;
    std::size_t chunk_gradient_size() const;
    /// Where the gradient of weight [o][i][0] lies, and how far apart those of its taps are.
    std::size_t gradient_at(int o, int i) const;
    std::size_t gradient_of_next_tap() const;

    bool by_tap_;
    LayerQuantizer* quantizer_ = nullptr;
    const InputCodes* input_codes_ = nullptr;  ///< null: the input stays float
    WeightCodes codes_;
    bool float_sums_are_exact_ = true;
    Buffer output_;
    std::vector<float> chunk_gradients_;  ///< [chunk], as weight_gradient() says, then [o] for the bias
};

}  // namespace nibble
